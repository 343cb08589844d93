package streamscore.peers;

/** Which model answers, as results name it. */
record Model(String name, long version, String sha256, String label) {
  static Model of(Options options) {
    return new Model(
        options.get("name"), Long.parseLong(options.get("version")), options.get("sha256"), options.get("label"));
  }
}
