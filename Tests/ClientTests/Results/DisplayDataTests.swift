import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletClient

@Suite struct DisplayDataTests {
  @Test func givesTextsAndBytes() {
    let display = DisplayData([
      "data": [
        "text/plain": "<Figure>", "text/html": "<b>1</b>", "image/png": "iVBO\nRw0K\n", "image/jpeg": "no base64!",
        "application/json": ["a": 1],
      ],
      "metadata": ["image/png": ["width": 640]], "transient": ["display_id": "d1"],
    ])
    #expect(display.text == "<Figure>" && display.description == "<Figure>" && display.html == "<b>1</b>")
    #expect(display.png?.array == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A])
    #expect(display.text("text/latex") == nil && display.bytes("image/gif") == nil)
    #expect(display.data["application/json"] == ["a": 1] && display.text("application/json") == nil)
    #expect(display.metadata["image/png"]?["width"] == 640 && display.displayID == "d1")
  }

  @Test func withoutTextItIsDescribedByItsTypes() {
    #expect(DisplayData(["data": ["image/png": "", "image/gif": ""]]).description == "<image/gif, image/png>")
  }

  @Test(arguments: [[:], [], "x", ["data": 1, "metadata": [], "transient": 2]] as [JSONValue])
  func malformedContentIsEmpty(content: JSONValue) { #expect(DisplayData(content) == DisplayData(data: [:])) }

  @Test func updatesReplaceWhatHasTheSameName() {
    func display(_ text: String, _ id: String?) -> DisplayData {
      DisplayData(data: ["text/plain": .string(text)], displayID: id)
    }
    var output = TaskOutput()
    for (text, id) in [("a", "1"), ("b", nil), ("c", "2"), ("d", "1")] as [(String, String?)] {
      output.add(.displayed(display(text, id)))
    }
    output.add(.updated(display("new", "1")))
    output.add(.updated(display("unknown", "3")))
    output.add(.updated(display("nameless", nil)))
    #expect(output.displays.map(\.text) == ["new", "b", "c", "new"])
  }
}
