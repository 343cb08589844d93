package streamscore.peers;

/** Scores the bytes of one record; one scorer a thread. */
interface Scorer {
  Answer score(byte[] record) throws Exception;
}
