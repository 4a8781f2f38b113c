import Synchronization

/// Objects that other modules keep for an engine, one of each type.
package final class EngineAttachments: Sendable {
  private let objects = Mutex<[ObjectIdentifier: any AnyObject & Sendable]>([:])

  /// Whether nothing was ever kept.
  var isEmpty: Bool { objects.withLock { $0.isEmpty } }

  /// The object of a type, which is made when it is first asked for.
  package func object<Object: AnyObject & Sendable>(_ type: Object.Type = Object.self, make: () -> Object) -> Object {
    objects.withLock { objects in
      if let object = objects[ObjectIdentifier(type)] as? Object { return object }
      let object = make()
      objects[ObjectIdentifier(type)] = object
      return object
    }
  }
}
