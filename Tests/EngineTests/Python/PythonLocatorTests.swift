import Testing

@testable import MartletEngine

@Suite struct PythonLocatorTests {
  private func candidates(
    _ configuration: PythonConfiguration = PythonConfiguration(), variables: [String: String] = [:],
    programs: Set<String> = []
  ) -> [PythonCandidate] {
    PythonLocator(variable: { variables[$0] }, isExecutable: { programs.contains($0) }).candidates(configuration)
  }

  @Test func theNamedOneIsTheOnlyOne() {
    let named = PythonConfiguration(interpreter: "/opt/python")
    let variables = ["MARTLET_PYTHON": "/other", "VIRTUAL_ENV": "/venv"]
    #expect(
      candidates(named, variables: variables, programs: ["/opt/python", "/other"]).map(\.path) == ["/opt/python"])
    #expect(candidates(variables: variables, programs: ["/other"]).map(\.path) == ["/other"])
    #expect(candidates(named, variables: variables).map(\.path) == [nil])
  }

  @Test func aNameIsLookedForOnThePath() {
    let found = candidates(
      PythonConfiguration(interpreter: "python3.13"), variables: ["PATH": "/a:/b"], programs: ["/b/python3.13"])
    #expect(found.map(\.path) == ["/b/python3.13"])
  }

  @Test func environmentsComeBeforeThePath() {
    let found = candidates(
      variables: ["VIRTUAL_ENV": "/venv", "CONDA_PREFIX": "/conda", "PATH": "/usr/bin"],
      programs: ["/venv/bin/python", "/conda/bin/python", "/usr/bin/python3"])
    #expect(found.map(\.path) == ["/venv/bin/python", "/conda/bin/python", "/usr/bin/python3"])
    #expect(found.map(\.origin) == ["$VIRTUAL_ENV/bin/python", "$CONDA_PREFIX/bin/python", "python3 on the PATH"])
  }

  @Test func whatIsMissingStaysForTheErrorMessage() {
    let found = candidates(variables: ["VIRTUAL_ENV": "/gone", "MARTLET_PYTHON": ""])
    #expect(found.map(\.path) == [nil, nil])
    #expect(found.map(\.description) == ["$VIRTUAL_ENV/bin/python", "python3 on the PATH"])
  }
}
