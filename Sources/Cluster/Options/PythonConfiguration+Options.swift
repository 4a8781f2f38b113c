import MartletEngine
import MartletWire

extension PythonConfiguration {
  /// Reads an engine's options about Python.
  mutating func read(_ reader: inout OptionReader, _ classes: [String]) throws(OptionError) {
    try reader.readNonEmpty(&interpreter, "python", of: classes)
    interpreter = interpreter.map(Self.absolute)
    try reader.read(&start, "python_start", of: classes, as: .choice())
    try reader.read(&isAllowed, "allow_python", of: classes, as: .bool)
    try reader.read(&interruptGrace, "interrupt_grace", of: classes, as: .seconds)
    try startup.read(&reader, classes)
    shellOptions = reader.texts(of: "InteractiveShell")
  }

  /// What differs from the defaults. The defaults leave it to the profile's configuration.
  var options: PythonOptions {
    let defaults = PythonConfiguration()
    var options = PythonOptions()
    options.interpreter = interpreter
    if start != defaults.start { options.start = start }
    if isAllowed != defaults.isAllowed { options.isAllowed = isAllowed }
    return options
  }

  /// An engine's options for what differs from the defaults.
  var engineArguments: [String] {
    let defaults = PythonConfiguration()
    var arguments = options.engineArguments
    if interruptGrace != defaults.interruptGrace {
      arguments.append("--IPEngine.interrupt_grace=\(interruptGrace / .seconds(1))")
    }
    arguments += startup.engineArguments
    for (name, value) in shellOptions.sorted(by: { $0.key < $1.key }) {
      arguments.append("--InteractiveShell.\(name)=\(value)")
    }
    return arguments
  }

  /// A path, which must not depend on the folder an engine works in. A mere name is looked up on the `PATH`.
  static func absolute(_ interpreter: String) -> String {
    interpreter.contains("/") ? UserPath.absolute(interpreter) : interpreter
  }
}
