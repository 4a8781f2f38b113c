import MartletWire
import MartletZeroMQ

/// What connects one engine with the controller. It belongs to the thread of its loop.
final class EngineLink {
  /// The controller as the engine sees it.
  let connection: ConnectionInfo
  private let channels: [LinkChannel]

  /// Opens a link, or throws because a link with that connection was closed a moment ago (`EADDRINUSE`).
  init(
    engine: String, _ controller: ConnectionInfo, as connection: ConnectionInfo, delay: Duration, context: Context,
    loop: EventLoop, isLost: @escaping (Losses.Kind) -> Bool
  ) throws {
    self.connection = connection
    var channels: [LinkChannel] = []
    do {
      for channel in ConnectionInfo.Channel.allCases where channel != .notification {
        for (number, ends) in zip(try controller.endpoints(channel), try connection.endpoints(channel)).enumerated() {
          let kind: LinkChannel.Kind =
            switch channel {
            case .heartbeatPing: .toSubscribers
            case .iopub: .fromPublishers
            case .broadcast: .routed(name: "\(channel.rawValue)_out_\(number)")
            // As the controller calls itself, by which engines tell tasks from other requests.
            default: .routed(name: "\(channel.rawValue)_out")
            }
          let link = try LinkChannel(kind, engine: engine, context: context, loop: loop, isLost: isLost)
          try link.start(from: ends.0, to: ends.1)
          channels.append(link)
        }
      }
    } catch {
      for channel in channels { channel.stop() }
      throw error
    }
    self.channels = channels
    self.delay = delay
    for channel in channels { channel.delay = delay }
  }

  /// The time that each message takes, either way.
  var delay: Duration { didSet { for channel in channels { channel.delay = delay } } }

  /// Ends all connections, and loses what is on its way.
  func stop() { for channel in channels { channel.stop() } }
}
