/// Which engines get what a view of all engines pushes.
public enum PushScope: Sendable, Hashable {
  /// The engines that are registered at the time of the call.
  case presentEngines
  /// These, and each that registers later, until the name is pushed again so, ``Client/forgetPushed(_:)`` is called, or the
  /// client closes. The client keeps the encoded values so long. What has been pushed under the name otherwise, or assigned on
  /// the engines, later engines don't get.
  ///
  /// A later engine is sent the values before ``Client/engines`` and ``Client/events`` show it, so they precede all that this
  /// client sends it through a ``DirectView`` or an ``EngineView``. A task of a ``LoadBalancedView``, a broadcast, or another
  /// client's call may overtake them, as all may if the engine has come while the controller was missing: an argument
  /// that must be there in any case is a ``Broadcast``.
  case includingLaterEngines
}
