package streamscore.peers;

import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Results as `streamscore.ScoreResult` (protos/score_result.proto), by the library's coded stream, which is what
 * generated code calls too; what is the same for all records of a data type is encoded once.
 */
final class ProtobufResults implements ResultFormat {
  private static final int LENGTH_DELIMITED = 2;
  private static final int FIXED_SOURCE_BYTES = 5 + 9 + 9;

  private final Model model;
  private String headOf;
  private byte[] head;
  private String topicOf;
  private byte[] topic;

  ProtobufResults(Model model) {
    this.model = model;
  }

  @Override
  public byte[] write(Answer answer, Source source) throws IOException {
    if (!answer.dataType.equals(headOf)) {
      head = head(answer);
      headOf = answer.dataType;
    }
    if (!source.topic().equals(topicOf)) {
      topicOf = source.topic();
      topic = topicOf.getBytes(StandardCharsets.UTF_8);
    }
    int valueBytes =
        switch (answer.kind) {
          case LABEL -> CodedOutputStream.computeStringSize(2, answer.label);
          case INTEGER, VALUE -> 9;
        };
    int packedBytes = 8 * answer.probabilities.length;
    int sourceBytes = CodedOutputStream.computeByteArraySize(1, topic) + FIXED_SOURCE_BYTES;
    int size = head.length + delimited(valueBytes) + delimited(sourceBytes);
    byte[] bytes = new byte[packedBytes == 0 ? size : size + delimited(packedBytes)];
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.writeRawBytes(head);
    begin(out, 3, valueBytes);
    switch (answer.kind) {
      case LABEL -> out.writeString(2, answer.label);
      case INTEGER -> out.writeSFixed64(3, answer.integer);
      case VALUE -> out.writeDouble(1, answer.value);
    }
    if (packedBytes > 0) {
      begin(out, 5, packedBytes);
      for (double probability : answer.probabilities) {
        out.writeDoubleNoTag(probability);
      }
    }
    begin(out, 8, sourceBytes);
    out.writeByteArray(1, topic);
    out.writeSFixed32(2, source.partition());
    out.writeSFixed64(3, source.offset());
    out.writeSFixed64(4, source.timestampMs());
    out.checkNoSpaceLeft();
    return bytes;
  }

  private static int delimited(int bytes) {
    return 1 + CodedOutputStream.computeUInt32SizeNoTag(bytes) + bytes;
  }

  private static void begin(CodedOutputStream out, int field, int bytes) throws IOException {
    out.writeTag(field, LENGTH_DELIMITED);
    out.writeUInt32NoTag(bytes);
  }

  private byte[] head(Answer answer) throws IOException {
    ByteArrayOutputStream inner = new ByteArrayOutputStream();
    CodedOutputStream body = CodedOutputStream.newInstance(inner);
    body.writeString(1, model.name());
    body.writeInt64(2, model.version());
    body.writeString(3, model.sha256());
    if (!model.label().isEmpty()) {
      body.writeString(4, model.label());
    }
    body.flush();
    ByteArrayOutputStream outer = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(outer);
    out.writeUInt32(1, 1);
    out.writeString(2, answer.dataType);
    for (String label : answer.labels) {
      out.writeString(4, label);
    }
    out.writeByteArray(7, inner.toByteArray());
    out.flush();
    return outer.toByteArray();
  }
}
