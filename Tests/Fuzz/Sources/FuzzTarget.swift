/// What reads bytes that come from outside. Each target runs a reader over an input and checks what it makes of it.
enum FuzzTarget: String, CaseIterable {
  /// The scanner of headers and metadata, on every message's path.
  case header
  case json
  case pickle
  /// The buffers of an `apply_request`: a pickle that describes other pickles.
  case apply
  case connectionFile
  case configuration
  case commandLine
  /// Swift engines' share of Python's syntax.
  case statements
  /// A message's frames as a relay checks them.
  case multipart
  /// A request to the hub, signed, with the task store behind it.
  case hub
  /// A message to any port of a whole controller.
  case controller

  func run(_ input: [UInt8]) {
    switch self {
    case .header: Readers.header(input)
    case .json: Readers.json(input)
    case .pickle: Readers.pickle(input)
    case .apply: Readers.apply(input)
    case .connectionFile: Readers.connectionFile(input)
    case .configuration: Readers.configuration(input)
    case .commandLine: Readers.commandLine(input)
    case .statements: Readers.statements(input)
    case .multipart: Messages.relay(input)
    case .hub: Messages.hub(input)
    case .controller: LiveController.shared.send(input)
    }
  }
}
