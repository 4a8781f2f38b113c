extension Client {
  /// Fails all unfinished tasks and all further calls with an error, and closes the connection: whoever started the cluster
  /// knows that nothing will answer any more.
  package func fail(with error: ClientError) { connection.shutDown(error) }
}
