import MartletZeroMQ
import Testing

@testable import MartletController

@Suite struct EngineNamesTests {
  private func message(_ text: String) -> Multipart {
    var message = Multipart()
    message.append(Bytes(text))
    return message
  }

  @Test func registeredEnginesAreFoundByTheirIdentity() {
    var names = EngineNames()
    for round in 0..<3 {
      for index in 0..<200 { names.insert("\(round) \(index)") }
      names.insert("\(round) 7")
      for index in 0..<100 { names.remove("\(round) \(index)") }
      names.remove("unknown")
    }
    for round in 0..<3 {
      let found = (0..<200).map { names.uuid(in: message("\(round) \($0)"), at: 0) }
      #expect(found == (0..<200).map { $0 < 100 ? nil : "\(round) \($0)" })
    }
    #expect(names.uuid(in: message(""), at: 0) == nil)
    #expect(names.uuid(in: message("0 150"), at: 1) == nil)
  }
}
