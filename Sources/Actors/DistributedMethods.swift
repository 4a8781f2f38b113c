import Distributed
import MartletWire
import MartletZeroMQ

/// The distributed methods of a type that calls from outside may name.
///
/// Swift's runtime runs any method of the program on any actor, without a look at the actor's type. So it gets only names that
/// the compiler has listed, and of these only the type's own.
struct DistributedMethods: Sendable {
  /// A method.
  struct Method: Sendable, Hashable {
    /// Its mangled name, which Swift's callers use.
    let identifier: String
    /// Its name and labels, `add(_:)`, which Python's may use.
    let name: String

    var parameterCount: Int { name.count { $0 == ":" } }
    /// Its name without labels.
    var baseName: Substring { name.prefix { $0 != "(" } }
  }

  /// The methods by their mangled names.
  private let byIdentifier: [String: Method]
  /// The methods by name with and without labels.
  private let byName: [String: [Method]]
  private let type: String

  /// The methods of a type.
  ///
  /// - Parameter names: the mangled names of all distributed methods of this program.
  init(of type: (some DistributedActor).Type, among names: [String] = AccessibleFunctions.names) {
    self.type = "\(type)"
    let methods = names.compactMap { Self.method($0, of: type) }
    byIdentifier = Dictionary(methods.map { ($0.identifier, $0) }, uniquingKeysWith: { first, _ in first })
    var byName: [String: [Method]] = [:]
    for method in byIdentifier.values {
      byName[method.name, default: []].append(method)
      byName[String(method.baseName), default: []].append(method)
    }
    self.byName = byName
  }

  /// - Returns: `nil` for a method of another type, also of one that is nested in this one.
  private static func method(_ identifier: String, of type: any DistributedActor.Type) -> Method? {
    guard let mangled = _mangledTypeName(type), identifier.hasPrefix("$s\(mangled)") else { return nil }
    let full = "\(RemoteCallTarget(identifier))"
    let path = full.prefix { $0 != "(" }
    guard let dot = path.lastIndex(of: ".") else { return nil }
    // Swift writes the name of a nested type without those around it, and without its module.
    let name = String(reflecting: type)
    guard path[..<dot] == (name.count { $0 == "." } == 1 ? name : "\(type)") else { return nil }
    return Method(identifier: identifier, name: String(full[full.index(after: dot)...]))
  }

  /// The method that a call names, by its mangled name or by one that people write.
  ///
  /// - Parameters:
  ///   - count: how many arguments the call has.
  /// - Throws: `ArgumentError` that lists the methods.
  func method(_ name: String, argumentCount count: Int) throws(ArgumentError) -> Method {
    if let method = byIdentifier[name] {
      guard method.parameterCount == count else { throw wrongCount(method, count) }
      return method
    }
    let named = byName[name] ?? []
    let fitting = named.filter { $0.parameterCount == count }
    switch (named.count, fitting.count) {
    case (_, 1): return fitting[0]
    case (0, _):
      let shown = name.utf8.count <= 200 ? name : "\(name.prefix(200))…"
      throw ArgumentError("\(type) has no distributed method \(shown); \(summary)")
    case (1, 0): throw wrongCount(named[0], count)
    case (_, 0): throw ArgumentError("\(type).\(name) takes no \(count) arguments; \(summary)")
    default:
      throw ArgumentError("\(type) has several methods \(name); name the one you mean with its labels: \(summary)")
    }
  }

  private func wrongCount(_ method: Method, _ count: Int) -> ArgumentError {
    ArgumentError("\(type).\(method.name) takes \(method.parameterCount) arguments, got \(count)")
  }

  /// The methods, for error messages.
  private var summary: String {
    guard !byIdentifier.isEmpty else {
      return "it has none that can be called from elsewhere: a type that is private or generic can't"
    }
    let names = Set(byIdentifier.values.map(\.name)).sorted()
    return "it has \(names.prefix(20).joined(separator: ", "))"
      + (names.count > 20 ? " and \(names.count - 20) more" : "")
  }
}
