import MartletWire

/// The content of a `kernel_info_reply` (Jupyter's messaging specification): what an engine says about itself.
enum KernelInfo {
  static let content: JSONValue = [
    "status": "ok", "protocol_version": "5.4", "implementation": "martlet", "implementation_version": "1.0",
    "language_info": [
      "name": "swift", "version": "6", "mimetype": "text/x-swift", "file_extension": ".swift",
    ],
    "banner": "Martlet: a Swift engine", "help_links": [], "supported_features": [],
  ]
}
