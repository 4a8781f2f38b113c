/// A change of the cluster, as a client sees it; see ``Client/events``.
public enum ClusterEvent: Sendable, Hashable {
  /// An engine has registered.
  case engineJoined(RegisteredEngine)
  /// An engine has left. What it was doing for this client has failed, or goes to another engine.
  ///
  /// - `reason`: how its process ended, if that is known.
  case engineLeft(RegisteredEngine, reason: String?)
  /// A connection to the controller broke. The client waits for its return.
  case controllerMissing
  /// The controller was missing for longer than ``ClientConfiguration/reconnectTimeout``. What waited for it has failed.
  case controllerLost
  /// The controller answers again; after a restart, requests that it doesn't know have failed.
  case controllerReturned(isRestarted: Bool)
}
