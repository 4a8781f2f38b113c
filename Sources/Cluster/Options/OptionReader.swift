import MartletWire

/// Reads typed options from several layers, and records which options there are and which of the given ones nobody read.
struct OptionReader {
  /// An option with its default, for a configuration file.
  struct Setting: Hashable {
    /// `Class.trait`.
    let path: String
    let defaultValue: JSONValue
  }

  /// Highest priority first.
  let layers: [ConfigLayer]
  /// The options read so far, in order.
  private(set) var settings: [Setting] = []
  private var known: Set<String> = []
  /// Why some of the given ones have no effect.
  private(set) var ignored: [String] = []

  init(layers: [ConfigLayer]) { self.layers = layers }

  /// Replaces a default with the value that was given, if any.
  ///
  /// - Parameters:
  ///   - value: holds the default; `None` leaves it as it is.
  ///   - trait: the option's name.
  ///   - classes: those whose option it may be; the first counts most within a layer.
  /// - Throws: ``OptionError`` for a value of another type.
  mutating func read<Value>(
    _ value: inout Value, _ trait: String, of classes: [String], as type: OptionType<Value>
  ) throws(OptionError) {
    record(trait, classes, type.literal(value))
    if let given = try given(trait, classes, type) { value = given }
  }

  /// Replaces a default that may be missing.
  mutating func read<Value>(
    _ value: inout Value?, _ trait: String, of classes: [String], as type: OptionType<Value>
  ) throws(OptionError) {
    record(trait, classes, value.map(type.literal) ?? .null)
    if let given = try given(trait, classes, type) { value = given }
  }

  /// Replaces a default text that may be missing; an empty text counts as not given.
  mutating func readNonEmpty(
    _ value: inout String?, _ trait: String, of classes: [String]
  ) throws(OptionError) {
    var text = value
    try read(&text, trait, of: classes, as: .text)
    if let text, !text.isEmpty { value = text }
  }

  /// All options of a class as they would stand on a command line; the class checks them itself.
  mutating func texts(of name: String) -> [String: String] {
    var texts: [String: String] = [:]
    for layer in layers.reversed() {
      for (trait, value) in layer.values[name] ?? [:] {
        if case .literal(.string(let text)) = value { texts[trait] = text } else { texts[trait] = value.plainText }
      }
    }
    accept(Array(texts.keys), [name])
    return texts
  }

  /// Options that somebody else reads.
  mutating func accept(_ traits: [String], _ classes: [String]) {
    for trait in traits { known.formUnion(classes.map { "\($0).\(trait)" }) }
  }

  /// Options that are understood and have no effect here.
  mutating func ignore(_ options: [IgnoredOption]) {
    for option in options {
      known.formUnion(option.paths)
      guard let reason = option.reason else { continue }
      for layer in layers {
        for path in option.paths where layer.value(of: path) != nil {
          ignored.append("\(path) in \(layer.origin) has no effect: \(reason)")
        }
      }
    }
    ignored.sort()
  }

  /// The options of all layers that were given but never read, in order.
  var unread: [String] {
    layers.flatMap { layer in
      layer.values.flatMap { name, traits in traits.keys.map { "\(name).\($0)" } }
        .filter { !known.contains($0) }.sorted().map { "\($0) in \(layer.origin)" }
    }
  }

  private mutating func record(_ trait: String, _ classes: [String], _ defaultValue: JSONValue) {
    accept([trait], classes)
    if let name = classes.first { settings.append(Setting(path: "\(name).\(trait)", defaultValue: defaultValue)) }
  }

  private func given<Value>(
    _ trait: String, _ classes: [String], _ type: OptionType<Value>
  ) throws(OptionError) -> Value? {
    for layer in layers {
      for name in classes {
        guard let value = layer.values[name]?[trait] else { continue }
        if value == .literal(.null) { return nil }
        guard let parsed = type.parse(value) else {
          throw OptionError("\(name).\(trait) in \(layer.origin) should be \(type.expected), not \(value.plainText)")
        }
        return parsed
      }
    }
    return nil
  }
}
