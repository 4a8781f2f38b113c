import Logging
import MartletClient
import MartletEngine
import MartletWire
import Synchronization

/// The client of an engine, by which its code calls the actors of others. It connects with the first such call, and again when
/// the controller has other addresses.
final class EngineClient: Sendable {
  private struct State {
    var connection: ConnectionInfo?
    var connecting: Task<Client, any Error>?
  }

  private let access: ClientAccess
  private let logger: Logger
  private let state = Mutex(State())

  init(_ access: ClientAccess, _ logger: Logger) { (self.access, self.logger) = (access, logger) }

  /// The client, which belongs to nobody else.
  ///
  /// - Throws: `ClientError` if the controller lets no engines in as clients, or does not answer.
  var client: Client {
    get async throws {
      let connecting = try connecting
      do {
        let client = try await connecting.value
        guard client.isClosed else { return client }
      } catch {
        forget(connecting)
        throw error
      }
      forget(connecting)
      return try await self.connecting.value
    }
  }

  private var connecting: Task<Client, any Error> {
    get throws {
      let connection: ConnectionInfo
      do {
        connection = try access.connection
      } catch {
        throw ClientError(.connectionFile, error.description, underlying: error)
      }
      return state.withLock { state in
        if let task = state.connecting, state.connection == connection { return task }
        var configuration = ClientConfiguration()
        configuration.logger = logger
        let task = Task.detached { [configuration] in
          try await Client.connect(connection, configuration: configuration)
        }
        state = State(connection: connection, connecting: task)
        return task
      }
    }
  }

  private func forget(_ task: Task<Client, any Error>) {
    state.withLock { if $0.connecting == task { $0 = State() } }
  }
}
