import MartletWire

/// What a call of an actor type's name asks for, as its positional arguments say: `"create", ARGUMENT…`,
/// `"call", ID, METHOD, ARGUMENT…` or `"release", ID` (Protocol.md, section 16).
enum ActorRequest: Sendable, Hashable {
  /// Make an actor with these arguments.
  case create([PickleValue])
  /// Call a method.
  case call(RemoteActorID, method: String, [PickleValue])
  /// Let go of an actor.
  case release(RemoteActorID)

  /// Reads the arguments of a call.
  ///
  /// - Parameter type: the name of the actors' type.
  /// - Throws: `ArgumentError` that says what the arguments have to be.
  init(_ call: CallArguments, type: String) throws(ArgumentError) {
    let values = call.positional
    guard call.keywords.isEmpty else { throw ArgumentError("\(type) takes no keyword arguments") }
    switch values.first?.stringValue {
    case "create": self = .create(Array(values.dropFirst()))
    case "call":
      guard values.count >= 3, let method = values[2].stringValue else {
        throw ArgumentError("\(type): a call needs an actor's id, a method's name and its arguments")
      }
      self = .call(try Self.id(values[1], type), method: method, Array(values.dropFirst(3)))
    case "release":
      guard values.count == 2 else { throw ArgumentError("\(type): a release needs an actor's id and nothing else") }
      self = .release(try Self.id(values[1], type))
    default:
      throw ArgumentError("\(type) is a type of actors: its first argument is 'create', 'call' or 'release'")
    }
  }

  /// The positional arguments of the call.
  var arguments: [PickleValue] {
    switch self {
    case .create(let arguments): [.string("create")] + arguments
    case .call(let id, let method, let arguments):
      [.string("call"), .string(id.description), .string(method)] + arguments
    case .release(let id): [.string("release"), .string(id.description)]
    }
  }

  private static func id(_ value: PickleValue, _ type: String) throws(ArgumentError) -> RemoteActorID {
    guard let id = value.stringValue.flatMap({ RemoteActorID($0) }), id.type == type else {
      throw ArgumentError("\(type): the second argument should be the id of a \(type), \(type)/NUMBER@ENGINE")
    }
    return id
  }
}
