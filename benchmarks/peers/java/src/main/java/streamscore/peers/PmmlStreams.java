package streamscore.peers;

import java.io.File;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jpmml.evaluator.Computable;
import org.jpmml.evaluator.Evaluator;
import org.jpmml.evaluator.HasProbability;
import org.jpmml.evaluator.InputField;
import org.jpmml.evaluator.LoadingModelEvaluatorBuilder;
import org.jpmml.evaluator.TargetField;

/**
 * Kafka Streams + JPMML-Evaluator: wine records in, results out.
 *
 * The evaluator is built once, with the visitors that optimise and intern the document (the builder's default), and
 * shared: evaluation keeps no state in it. Declared outputs are left out of its work, for no result has them.
 */
public final class PmmlStreams {
  private PmmlStreams() {}

  public static void main(String[] arguments) throws Exception {
    Options options = new Options(arguments);
    Evaluator evaluator =
        new LoadingModelEvaluatorBuilder()
            .load(new File(options.get("model")))
            .setOutputFilter(output -> false)
            .build();
    evaluator.verify();
    Program.run(options, () -> new PmmlScorer(evaluator));
  }

  private static final class PmmlScorer implements Scorer {
    private final Evaluator evaluator;
    private final String target;
    private final Object[] categories;
    private final int[] places;
    private final String[] names;
    private final Map<String, Object> values = new HashMap<>(32);
    private final Wine wine = new Wine();
    private final Answer answer;

    PmmlScorer(Evaluator evaluator) {
      this.evaluator = evaluator;
      TargetField field = evaluator.getTargetFields().get(0);
      List<?> found = field.getCategories();
      target = field.getName();
      categories = found == null ? new Object[0] : found.toArray();
      List<String> labels = new ArrayList<>();
      for (Object category : categories) {
        labels.add(category.toString());
      }
      answer = new Answer(labels);
      List<? extends InputField> inputs = evaluator.getInputFields();
      names = new String[inputs.size()];
      places = new int[inputs.size()];
      List<String> fields = List.of(Wine.NAMES);
      for (int input = 0; input < names.length; input++) {
        names[input] = inputs.get(input).getName();
        places[input] = fields.indexOf(names[input].replace(' ', '_'));
        if (places[input] < 0) {
          throw new IllegalArgumentException("a wine has no " + names[input]);
        }
      }
    }

    @Override
    public Answer score(byte[] record) throws Exception {
      wine.read(record);
      for (int input = 0; input < names.length; input++) {
        values.put(names[input], wine.values[places[input]]);
      }
      answer.dataType = wine.dataType;
      Object found = evaluator.evaluate(values).get(target);
      if (found instanceof HasProbability distribution) {
        for (int place = 0; place < categories.length; place++) {
          answer.probabilities[place] = distribution.getProbability(categories[place]);
        }
      }
      decode(found instanceof Computable computable ? computable.getResult() : found);
      return answer;
    }

    private void decode(Object result) {
      if (result instanceof Integer || result instanceof Long) {
        answer.integer(((Number) result).longValue());
      } else if (result instanceof Number number) {
        answer.value(number.doubleValue());
      } else {
        answer.label(result.toString());
      }
    }
  }
}
