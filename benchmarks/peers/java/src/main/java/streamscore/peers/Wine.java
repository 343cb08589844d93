package streamscore.peers;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.util.Arrays;

/** A `streamscore.WineRecord` (protos/wine_record.proto), read by the library's coded stream as generated code does. */
final class Wine {
  static final String[] NAMES = {
    "fixed_acidity", "volatile_acidity", "citric_acid", "residual_sugar", "chlorides", "free_sulfur_dioxide",
    "total_sulfur_dioxide", "density", "pH", "sulphates", "alcohol",
  };
  private static final int DATA_TYPE = 12;

  final double[] values = new double[NAMES.length];
  String dataType;

  void read(byte[] bytes) throws IOException {
    Arrays.fill(values, 0.0);
    dataType = "";
    CodedInputStream in = CodedInputStream.newInstance(bytes);
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      int field = WireFormat.getTagFieldNumber(tag);
      if (field == DATA_TYPE) {
        dataType = in.readString();
      } else if (field <= NAMES.length) {
        values[field - 1] = in.readDouble();
      } else {
        in.skipField(tag);
      }
    }
  }
}
