/// How an engine left, as far as the hub knows.
enum EngineDeparture: Hashable, Sendable {
  /// It unregistered, or was shut down.
  case left
  /// Its process has ended or is about to: who unregistered it says how, for example "it was killed by SIGKILL".
  case ended(String)
  /// Its heart stopped beating.
  case silent
  /// It was an engine of an earlier controller, and has so long to come back.
  case absent(Duration)

  /// What is known, as a clause that follows a colon.
  var text: String {
    switch self {
    case .left: "it has unregistered"
    case .ended(let reason): reason
    case .silent: "its heart stopped beating"
    case .absent: "it has not come back since the controller was restarted"
    }
  }

  /// How long results still under way are awaited.
  ///
  /// An engine that leaves in order may have sent a large one just before; 5 s are ipyparallel's. Those of an engine that
  /// fell silent have had the time it took to notice.
  var grace: Duration {
    switch self {
    case .left: .seconds(5)
    case .ended: .milliseconds(500)
    case .silent: .seconds(1)
    case .absent(let time): time
    }
  }
}
