import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jpmml.evaluator.Evaluator;
import org.jpmml.evaluator.EvaluatorUtil;
import org.jpmml.evaluator.LoadingModelEvaluatorBuilder;

/**
 * JPMML-Evaluator inside the JVM: a loop over argument maps made beforehand, a round for each line on standard input.
 *
 * Arguments: the PMML document, a CSV file of numbers with a header, and the milliseconds of a round. It answers each
 * line with the nanoseconds a record of the scoring thread's processor time: neither compiler nor collector is counted.
 * As in what it is measured beside, checking the values and decoding the answers is.
 */
public class JpmmlLoop {
  private static long answers;

  public static void main(String[] arguments) throws Exception {
    Evaluator evaluator = new LoadingModelEvaluatorBuilder().load(new File(arguments[0])).build();
    evaluator.verify();
    List<Map<String, ?>> rows = arguments(Files.readAllLines(Path.of(arguments[1])));
    long roundNs = Long.parseLong(arguments[2]) * 1_000_000;
    System.out.println("ready");
    BufferedReader orders = new BufferedReader(new InputStreamReader(System.in));
    while (orders.readLine() != null) {
      System.out.println(round(evaluator, rows, roundNs));
    }
  }

  private static List<Map<String, ?>> arguments(List<String> lines) {
    String[] names = lines.get(0).split(",", -1);
    List<Map<String, ?>> rows = new ArrayList<>();
    for (String line : lines.subList(1, lines.size())) {
      String[] cells = line.split(",", -1);
      Map<String, Double> given = new LinkedHashMap<>();
      for (int place = 0; place < names.length; place++) {
        given.put(names[place], Double.valueOf(cells[place]));
      }
      rows.add(given);
    }
    return rows;
  }

  private static double round(Evaluator evaluator, List<Map<String, ?>> rows, long roundNs) {
    ThreadMXBean clock = ManagementFactory.getThreadMXBean();
    long start = System.nanoTime();
    long busy = clock.getCurrentThreadCpuTime();
    long records = 0;
    do {
      for (Map<String, ?> row : rows) {
        answers += EvaluatorUtil.decodeAll(evaluator.evaluate(row)).size();
      }
      records += rows.size();
    } while (System.nanoTime() - start < roundNs);
    return (double) (clock.getCurrentThreadCpuTime() - busy) / records;
  }
}
