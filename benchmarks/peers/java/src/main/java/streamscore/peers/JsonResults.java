package streamscore.peers;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.io.SerializedString;
import com.fasterxml.jackson.core.util.ByteArrayBuilder;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;

/** Results as JSON, by Jackson's generator: names are encoded once, and what never changes is made once. */
final class JsonResults implements ResultFormat {
  private static final SerializableString SCHEMA = new SerializedString("schema");
  private static final SerializableString DATA_TYPE = new SerializedString("data_type");
  private static final SerializableString RESULT = new SerializedString("result");
  private static final SerializableString PROBABILITIES = new SerializedString("probabilities");
  private static final SerializableString MODEL = new SerializedString("model");
  private static final SerializableString SOURCE = new SerializedString("source");
  private static final SerializableString TOPIC = new SerializedString("topic");
  private static final SerializableString PARTITION = new SerializedString("partition");
  private static final SerializableString OFFSET = new SerializedString("offset");
  private static final SerializableString TIMESTAMP = new SerializedString("timestamp");

  private final JsonFactory factory =
      JsonFactory.builder().enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER).build();
  private final ByteArrayBuilder buffer = new ByteArrayBuilder(1024);
  private final SerializableString model;
  private SerializableString[] labels;

  JsonResults(Model model) {
    this.model = new SerializedString(body(model));
  }

  @Override
  public byte[] write(Answer answer, Source source) throws IOException {
    buffer.reset();
    try (JsonGenerator json = factory.createGenerator(buffer, JsonEncoding.UTF8)) {
      json.writeStartObject();
      json.writeFieldName(SCHEMA);
      json.writeNumber(1);
      json.writeFieldName(DATA_TYPE);
      json.writeString(answer.dataType);
      json.writeFieldName(RESULT);
      result(json, answer);
      if (answer.probabilities.length > 0) {
        probabilities(json, answer);
      }
      json.writeFieldName(MODEL);
      json.writeRawValue(model);
      json.writeFieldName(SOURCE);
      json.writeStartObject();
      json.writeFieldName(TOPIC);
      json.writeString(source.topic());
      json.writeFieldName(PARTITION);
      json.writeNumber(source.partition());
      json.writeFieldName(OFFSET);
      json.writeNumber(source.offset());
      json.writeFieldName(TIMESTAMP);
      json.writeNumber(source.timestampMs());
      json.writeEndObject();
      json.writeEndObject();
    }
    return buffer.toByteArray();
  }

  private static void result(JsonGenerator json, Answer answer) throws IOException {
    switch (answer.kind) {
      case LABEL -> json.writeString(answer.label);
      case INTEGER -> json.writeNumber(answer.integer);
      case VALUE -> json.writeNumber(answer.value);
    }
  }

  private void probabilities(JsonGenerator json, Answer answer) throws IOException {
    if (labels == null) {
      labels = answer.labels.stream().map(SerializedString::new).toArray(SerializableString[]::new);
    }
    json.writeFieldName(PROBABILITIES);
    json.writeStartObject();
    for (int place = 0; place < labels.length; place++) {
      json.writeFieldName(labels[place]);
      json.writeNumber(answer.probabilities[place]);
    }
    json.writeEndObject();
  }

  private String body(Model given) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = factory.createGenerator(text)) {
      json.writeStartObject();
      json.writeStringField("name", given.name());
      json.writeNumberField("version", given.version());
      json.writeStringField("sha256", given.sha256());
      json.writeStringField("label", given.label());
      json.writeEndObject();
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    return text.toString();
  }
}
