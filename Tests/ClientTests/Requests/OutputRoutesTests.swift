import Testing

@testable import MartletClient

@Suite struct OutputRoutesTests {
  @Test func leadsToTheResultWhileItExists() {
    var routes = OutputRoutes()
    var state: ResultState? = ResultState(total: 1, method: "f")
    if let state { routes.add("a", ResultSlot(state: state, slot: 0)) }
    let isFound = routes.destination(of: "a")?.state === state
    #expect(isFound)
    let unknown = routes.destination(of: "b")?.state
    #expect(unknown == nil)
    state = nil
    let gone = routes.destination(of: "a")?.state
    #expect(gone == nil)
    #expect(routes.count == 0)
  }

  @Test func returnsMemoryAfterABurst() {
    var routes = OutputRoutes()
    let state = ResultState(total: 1, method: "f")
    for id in 0..<50_000 { routes.add("\(id)", ResultSlot(state: state, slot: 0)) }
    for id in 0..<50_000 { routes.remove("\(id)") }
    #expect(routes.count == 0)
    #expect(routes.capacity < 5000)
  }

  @Test func dropsRoutesOfResultsThatAreGone() {
    var routes = OutputRoutes()
    for id in 0..<50_000 { routes.add("\(id)", ResultSlot(state: ResultState(total: 1, method: "f"), slot: 0)) }
    #expect(routes.count <= 1024)
  }
}
