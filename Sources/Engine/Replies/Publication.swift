/// An IOPub message about a request other than output and status.
struct Publication: Sendable {
  let type: String
  let content: [UInt8]
}
