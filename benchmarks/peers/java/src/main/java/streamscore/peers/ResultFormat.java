package streamscore.peers;

import java.io.IOException;

/** Writes results as docs/wire-format.md has them; one writer a thread, for it reuses its buffers. */
interface ResultFormat {
  byte[] write(Answer answer, Source source) throws IOException;

  static ResultFormat of(String name, Model model) {
    return switch (name) {
      case "json" -> new JsonResults(model);
      case "protobuf" -> new ProtobufResults(model);
      default -> throw new IllegalArgumentException("no such format: " + name);
    };
  }
}
