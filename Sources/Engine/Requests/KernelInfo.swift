import MartletWire

/// The content of a `kernel_info_reply` (Jupyter's messaging specification): what an engine says about itself.
enum KernelInfo {
  /// - Parameter hasPython: whether code for the engine may be Python, which is what consoles send, colour and indent then.
  static func content(hasPython: Bool) -> JSONValue {
    [
      "status": "ok", "protocol_version": "5.4", "implementation": "martlet", "implementation_version": "1.0",
      "language_info": hasPython ? python : swift,
      "banner": hasPython ? "Martlet: a Swift engine that runs Python" : "Martlet: a Swift engine", "help_links": [],
      "supported_features": [],
    ]
  }

  private static let swift: JSONValue = [
    "name": "swift", "version": "6", "mimetype": "text/x-swift", "file_extension": ".swift",
  ]

  /// As ipykernel describes it, without the version, which is known only after the interpreter has been started.
  private static let python: JSONValue = [
    "name": "python", "version": "3", "mimetype": "text/x-python", "file_extension": ".py",
    "codemirror_mode": ["name": "ipython", "version": 3], "pygments_lexer": "ipython3", "nbconvert_exporter": "python",
  ]
}
