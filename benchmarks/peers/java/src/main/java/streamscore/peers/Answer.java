package streamscore.peers;

import java.util.List;

/**
 * What a model answered for one record, reused from record to record: a label or a number, and one probability a label.
 * `dataType` is the record's. Without labels there are no probabilities.
 */
final class Answer {
  final List<String> labels;
  final double[] probabilities;
  String dataType;
  String label;
  long integer;
  double value;
  Kind kind;

  enum Kind { LABEL, INTEGER, VALUE }

  Answer(List<String> labels) {
    this.labels = labels;
    this.probabilities = new double[labels.size()];
  }

  void label(String given) {
    kind = Kind.LABEL;
    label = given;
  }

  void integer(long given) {
    kind = Kind.INTEGER;
    integer = given;
  }

  void value(double given) {
    kind = Kind.VALUE;
    value = given;
  }
}
