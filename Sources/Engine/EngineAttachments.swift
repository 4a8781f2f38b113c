import Synchronization

/// What another module keeps for an engine.
package protocol EngineAttachment: AnyObject, Sendable {
  /// Whether nothing of a client's is in it.
  var isEmpty: Bool { get }
}

/// Objects that other modules keep for an engine, one of each type.
package final class EngineAttachments: Sendable {
  private let objects = Mutex<[ObjectIdentifier: any EngineAttachment]>([:])

  /// Whether they keep nothing of clients.
  var isEmpty: Bool { objects.withLock { Array($0.values) }.allSatisfy(\.isEmpty) }

  /// The object of a type, which is made when it is first asked for.
  package func object<Object: EngineAttachment>(_ type: Object.Type = Object.self, make: () -> Object) -> Object {
    objects.withLock { objects in
      if let object = objects[ObjectIdentifier(type)] as? Object { return object }
      let object = make()
      objects[ObjectIdentifier(type)] = object
      return object
    }
  }
}
