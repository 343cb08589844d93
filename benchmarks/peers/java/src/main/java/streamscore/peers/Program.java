package streamscore.peers;

import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;

/** A Kafka Streams program of one source, one processor and one sink; at least once, committed every 100 ms. */
final class Program {
  private Program() {}

  static void run(Options options, Supplier<Scorer> scorers) throws InterruptedException {
    String format = options.get("format");
    Model model = Model.of(options);
    Topology topology = new Topology();
    topology
        .addSource("records", new ByteArrayDeserializer(), new ByteArrayDeserializer(), options.get("data"))
        .addProcessor("score", () -> new Scoring(scorers.get(), ResultFormat.of(format, model)), "records")
        .addSink("results", options.get("scores"), new ByteArraySerializer(), new ByteArraySerializer(), "score");
    CountDownLatch ended = new CountDownLatch(1);
    KafkaStreams streams = new KafkaStreams(topology, properties(options));
    streams.setUncaughtExceptionHandler(error -> {
      error.printStackTrace();
      ended.countDown();
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
    ended.await();
    System.exit(1);
  }

  private static Properties properties(Options options) {
    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, options.get("group"));
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, options.get("brokers"));
    properties.put(StreamsConfig.STATE_DIR_CONFIG, options.get("state"));
    properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
    properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE);
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    properties.putAll(options.streams());
    return properties;
  }

  private static final class Scoring extends ContextualProcessor<byte[], byte[], byte[], byte[]> {
    private final Scorer scorer;
    private final ResultFormat results;

    Scoring(Scorer scorer, ResultFormat results) {
      this.scorer = scorer;
      this.results = results;
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
      try {
        RecordMetadata where = context().recordMetadata().orElseThrow();
        Answer answer = scorer.score(record.value());
        Source source = new Source(where.topic(), where.partition(), where.offset(), record.timestamp());
        context().forward(record.withValue(results.write(answer, source)));
      } catch (RuntimeException error) {
        throw error;
      } catch (Exception error) {
        throw new IllegalStateException(error);
      }
    }
  }
}
