package streamscore.peers;

import java.util.HashMap;
import java.util.Map;

/** What a peer is told, as `key=value` arguments; what begins with `streams.` goes to Kafka Streams as it is. */
final class Options {
  private static final String STREAMS = "streams.";
  private final Map<String, String> values = new HashMap<>();

  Options(String[] arguments) {
    for (String argument : arguments) {
      int equals = argument.indexOf('=');
      if (equals < 0) {
        throw new IllegalArgumentException("not key=value: " + argument);
      }
      values.put(argument.substring(0, equals), argument.substring(equals + 1));
    }
  }

  String get(String key) {
    String value = values.get(key);
    if (value == null) {
      throw new IllegalArgumentException("missing: " + key + "=...");
    }
    return value;
  }

  Map<String, String> streams() {
    Map<String, String> found = new HashMap<>();
    values.forEach((key, value) -> {
      if (key.startsWith(STREAMS)) {
        found.put(key.substring(STREAMS.length()), value);
      }
    });
    return found;
  }
}
