import MartletWire
import Yams

/// Reads values of a YAML file; its errors name the file, the line and the key.
struct YAMLFile: Sendable, Hashable {
  /// The file's path, for errors.
  let path: String

  /// A key with its value.
  struct Entry {
    let key: String
    let value: Node
    /// Of the key, from 1.
    let line: Int
  }

  /// The document.
  ///
  /// - Throws: ``OptionError`` with the line of a syntax error.
  func parse(_ text: String) throws(OptionError) -> Node {
    do {
      guard let node = try compose(yaml: text) else { throw OptionError("\(path): the file is empty") }
      return node
    } catch let error as OptionError {
      throw error
    } catch let error as YamlError {
      throw self.error(error)
    } catch {
      throw OptionError("\(path): \(error)")
    }
  }

  private func error(_ error: YamlError) -> OptionError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      OptionError("\(place(of: mark.line)): \(problem)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      OptionError("\(place(of: context.mark.line)): the key '\(duplicates.first ?? "")' is there twice")
    default: OptionError("\(path): \(error)")
    }
  }

  /// The keys of a mapping, in order.
  func entries(of node: Node, in what: String) throws(OptionError) -> [Entry] {
    guard case .mapping(let mapping) = node else {
      throw OptionError("\(place(of: node.mark?.line ?? 1)): \(what) has lines 'key: value'")
    }
    var entries: [Entry] = []
    for (key, value) in mapping {
      let line = key.mark?.line ?? 1
      guard let name = key.string else { throw OptionError("\(place(of: line)): a key should be a word") }
      entries.append(Entry(key: name, value: value, line: line))
    }
    return entries
  }

  /// A place in the file, for errors.
  func place(of line: Int) -> String { "\(path), line \(line)" }

  /// The error for the value of a key.
  func error(_ entry: Entry, _ words: String) -> OptionError {
    OptionError("\(place(of: entry.line)): '\(entry.key)' \(words)")
  }

  func text(_ entry: Entry) throws(OptionError) -> String {
    guard case .scalar(let scalar) = entry.value, !scalar.string.isEmpty else { throw error(entry, "should be a text") }
    return scalar.string
  }

  func texts(_ entry: Entry) throws(OptionError) -> [String] {
    guard case .sequence(let nodes) = entry.value else { throw error(entry, "should be a list of texts") }
    let texts = nodes.compactMap(\.scalar?.string)
    guard texts.count == nodes.count else { throw error(entry, "should be a list of texts") }
    return texts
  }

  func bool(_ entry: Entry) throws(OptionError) -> Bool {
    guard let value = entry.value.bool else { throw error(entry, "should be true or false") }
    return value
  }

  func count(_ entry: Entry) throws(OptionError) -> Int {
    guard let value = entry.value.int, value > 0 else { throw error(entry, "should be a number from 1") }
    return value
  }

  /// A value of any kind, as a literal of a configuration file would be.
  func value(_ entry: Entry) throws(OptionError) -> JSONValue { try value(entry.value, of: entry) }

  private func value(_ node: Node, of entry: Entry) throws(OptionError) -> JSONValue {
    switch node {
    case .scalar:
      if node.null != nil { return .null }
      if let value = node.bool { return .bool(value) }
      if let value = node.int { return .int(value) }
      if let value = node.float { return .double(value) }
      return .string(node.string ?? "")
    case .sequence(let nodes):
      var values: [JSONValue] = []
      for node in nodes { values.append(try value(node, of: entry)) }
      return .array(values)
    case .mapping:
      var fields: [String: JSONValue] = [:]
      for member in try entries(of: node, in: "'\(entry.key)'") {
        fields[member.key] = try value(member.value, of: member)
      }
      return .object(fields)
    case .alias: throw error(entry, "should be written out: aliases are not read")
    }
  }
}
