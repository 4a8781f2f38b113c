/// Batch scripts with fields in braces, as Python's `str.format` fills them.
enum BatchTemplate {
  /// The text with its fields filled; `{{` and `}}` stand for braces.
  ///
  /// - Throws: ``OptionError`` that names an unknown field or the line of a stray brace.
  static func fill(_ template: String, _ fields: [String: String]) throws(OptionError) -> String {
    var filled = ""
    var line = 1
    var rest = Substring(template)
    while let character = rest.popFirst() {
      if character == "\n" { line += 1 }
      guard character == "{" || character == "}" else {
        filled.append(character)
        continue
      }
      if rest.first == character {
        filled.append(character)
        rest.removeFirst()
        continue
      }
      guard character == "{", let end = rest.firstIndex(of: "}") else {
        throw OptionError("batch_template, line \(line): a single '\(character)', write it twice to mean a brace")
      }
      let name = String(rest[..<end])
      guard let value = fields[name] else {
        let known = fields.keys.sorted().joined(separator: ", ")
        throw OptionError(
          "batch_template, line \(line): there is no field {\(name)}, fields are \(known); braces of the shell are "
            + "written twice")
      }
      filled += value
      rest = rest[rest.index(after: end)...]
    }
    return filled
  }
}
