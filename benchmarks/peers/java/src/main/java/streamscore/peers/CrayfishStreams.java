package streamscore.peers;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ch.randelshofer.fastdoubleparser.JavaFloatParser;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Kafka Streams + ONNX Runtime: the payload of the Crayfish benchmark in (floats in a string in JSON), results out.
 *
 * One session, one thread inside it (Kafka Streams scales by its own threads), one tensor over one direct buffer.
 */
public final class CrayfishStreams {
  private CrayfishStreams() {}

  public static void main(String[] arguments) throws Exception {
    Options options = new Options(arguments);
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    OrtSession.SessionOptions settings = new OrtSession.SessionOptions();
    settings.setIntraOpNumThreads(1);
    settings.setInterOpNumThreads(1);
    settings.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
    OrtSession session = environment.createSession(options.get("model"), settings);
    String dataType = options.get("data_type");
    Program.run(options, () -> new OnnxScorer(environment, session, dataType));
  }

  private static final class OnnxScorer implements Scorer {
    private static final int FLOATS = 784;
    private static final String FIELD = "dataPoint";

    private final JsonFactory json = new JsonFactory();
    private final OrtSession session;
    private final FloatBuffer floats =
        ByteBuffer.allocateDirect(FLOATS * Float.BYTES).order(ByteOrder.nativeOrder()).asFloatBuffer();
    private final Map<String, OnnxTensor> inputs;
    private final Answer answer;

    OnnxScorer(OrtEnvironment environment, OrtSession session, String dataType) {
      this.session = session;
      try {
        OnnxTensor tensor = OnnxTensor.createTensor(environment, floats, new long[] {1, 1, FLOATS});
        inputs = Map.of(session.getInputNames().iterator().next(), tensor);
        answer = new Answer(labels());
      } catch (OrtException error) {
        throw new IllegalStateException(error);
      }
      answer.dataType = dataType;
    }

    private static List<String> labels() {
      List<String> labels = new ArrayList<>();
      for (int place = 0; place < 10; place++) {
        labels.add(Integer.toString(place));
      }
      return labels;
    }

    @Override
    public Answer score(byte[] record) throws Exception {
      read(record);
      try (OrtSession.Result result = session.run(inputs)) {
        float[] scores = ((float[][]) result.get(0).getValue())[0];
        int largest = 0;
        for (int place = 0; place < scores.length; place++) {
          answer.probabilities[place] = scores[place];
          largest = scores[place] > scores[largest] ? place : largest;
        }
        answer.integer(largest);
      }
      return answer;
    }

    private void read(byte[] record) throws Exception {
      try (JsonParser parser = json.createParser(record)) {
        parser.nextToken();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          boolean wanted = FIELD.equals(parser.currentName());
          parser.nextToken();
          if (wanted) {
            split(parser.getTextCharacters(), parser.getTextOffset(), parser.getTextLength());
          } else {
            parser.skipChildren();
          }
        }
      }
    }

    private void split(char[] text, int start, int length) {
      int end = start + length;
      int begin = start;
      int place = 0;
      for (int at = start; at < end; at++) {
        if (text[at] == ',') {
          floats.put(place++, JavaFloatParser.parseFloat(text, begin, at - begin));
          begin = at + 1;
        }
      }
      if (begin < end) {
        floats.put(place++, JavaFloatParser.parseFloat(text, begin, end - begin));
      }
      if (place != FLOATS) {
        throw new IllegalArgumentException(place + " floats, not " + FLOATS);
      }
    }
  }
}
