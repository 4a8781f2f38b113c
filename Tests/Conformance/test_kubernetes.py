"""The manifests of `Docker/kubernetes`: checked against Kubernetes' published schemas, compared with one another, and their
commands run on this machine."""

import copy
import json
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import kubernetes_validate
import pytest
import yaml
from harness import REPOSITORY, TIMEOUT, binary, free_ports, wait_until

FOLDER = REPOSITORY / "Docker" / "kubernetes"

#: Versions of Kubernetes with published schemas, an old one and a new one.
VERSIONS = ["1.25", "1.37"]
#: Objects whose keys are names of one's own.
FREE = {"labels", "matchLabels", "selector", "data", "stringData", "requests", "limits"}


class StrictLoader(yaml.SafeLoader):
    """Refuses a key that is there twice."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"twice: {twice}", node.start_mark)
        return super().construct_mapping(node, deep)


def read(text):
    return list(yaml.load_all(text, StrictLoader))


OBJECTS = [found for path in sorted(FOLDER.glob("*.yaml")) for found in read(path.read_text())]


def of_kind(kind):
    return [found for found in OBJECTS if found["kind"] == kind]


def named(kind, name):
    [found] = [found for found in of_kind(kind) if found["metadata"]["name"] == name]
    return found


def pods():
    return {d["metadata"]["name"]: d["spec"]["template"] for d in of_kind("Deployment")}


def containers(template, which=("initContainers", "containers")):
    return [container for kind in which for container in template["spec"].get(kind, [])]


def test_the_parser_is_strict():
    with pytest.raises(yaml.YAMLError, match="twice"):
        read("a: 1\na: 2\n")


def test_all_kinds_are_there():
    assert sorted(found["kind"] for found in OBJECTS) == [
        "ConfigMap", "Deployment", "Deployment", "HorizontalPodAutoscaler", "NetworkPolicy", "NetworkPolicy", "Secret",
        "Service"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("found", OBJECTS, ids=lambda found: f"{found['kind']}-{found['metadata']['name']}")
def test_objects_are_as_the_published_schemas_want_them(found, version):
    """Strictly: without fields that the schemas don't have."""
    assert kubernetes_validate.validate(found, version, strict=True) == version
    assert set(found["metadata"]) == {"name", "labels"} and found["metadata"]["labels"]["app"] == "martlet"
    assert re.fullmatch("[a-z0-9]([-a-z0-9]*[a-z0-9])?", found["metadata"]["name"])


def fields(found, path=()):
    """The paths of all fields."""
    for key, value in found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else []:
        if isinstance(found, dict):
            yield (*path, key)
        # The selector of a Service has names of one's own, that of a Deployment has not.
        if key not in FREE or key == "selector" and "matchLabels" in value:
            yield from fields(value, (*path, key))


@pytest.mark.parametrize("found", OBJECTS, ids=lambda found: f"{found['kind']}-{found['metadata']['name']}")
def test_a_misspelt_field_is_found(found):
    paths = [path for path in fields(found) if path not in [("kind",), ("apiVersion",)]]
    assert paths
    for path in paths:
        wrong = copy.deepcopy(found)
        parent = wrong
        for key in path[:-1]:
            parent = parent[key]
        parent[f"{path[-1]}s"] = parent.pop(path[-1])
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_a_value_of_another_type_is_found():
    wrong = copy.deepcopy(named("Service", "martlet"))
    wrong["spec"]["ports"][0]["port"] = "5550"
    with pytest.raises(kubernetes_validate.ValidationError, match="5550"):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("name", ["martlet-controller", "martlet-engine"])
def test_pods_are_those_of_their_deployment(name):
    deployment = named("Deployment", name)
    template = deployment["spec"]["template"]
    labels = template["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()
    context = template["spec"]["securityContext"]
    assert context["runAsNonRoot"] is True and context["runAsUser"] == 1000
    volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
    mounted = set()
    for container in containers(template):
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        for mount in container["volumeMounts"]:
            assert mount["mountPath"].startswith("/")
            mounted.add(mount["name"])
    assert mounted == set(volumes)
    for volume in volumes.values():
        if "secret" in volume:
            secret = named("Secret", volume["secret"]["secretName"])
            assert volume["secret"]["defaultMode"] == 0o440
            assert {item["key"] for item in volume["secret"].get("items", [])} <= set(secret["stringData"])
        if "configMap" in volume:
            named("ConfigMap", volume["configMap"]["name"])
    for container in containers(template, ["containers"]):
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]


def test_images_are_those_of_docker():
    text = (REPOSITORY / "Docker" / "README.md").read_text()
    for template in pods().values():
        for container in containers(template):
            assert f"-t {container['image']} ." in text


def test_service_leads_to_the_controller():
    service = named("Service", "martlet")
    template = pods()["martlet-controller"]
    assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
    ports = {port["name"]: port["containerPort"] for c in containers(template) for port in c.get("ports", [])}
    assert {port["targetPort"]: port["port"] for port in service["spec"]["ports"]} == ports
    # The location in the connection files.
    assert template["spec"]["hostname"] == service["metadata"]["name"]
    assert f"--location={service['metadata']['name']} " in (FOLDER / "README.md").read_text()
    assert service["spec"]["clusterIP"] == "None"


def test_policies_allow_what_is_needed():
    controller, engine = [named("NetworkPolicy", name)["spec"] for name in ["martlet-controller", "martlet-engine"]]
    for policy, name in [(controller, "martlet-controller"), (engine, "martlet-engine")]:
        assert policy["podSelector"]["matchLabels"] == pods()[name]["metadata"]["labels"]
        assert policy["policyTypes"] == ["Ingress"]
    assert "ingress" not in engine
    peers, prometheus = controller["ingress"]
    allowed = [entry["podSelector"]["matchLabels"] for entry in peers["from"]]
    assert pods()["martlet-engine"]["metadata"]["labels"] in allowed
    [ports] = peers["ports"]
    assert f"--ports={ports['port']}-{ports['endPort']} " in (FOLDER / "README.md").read_text()
    service = {port["name"]: port["port"] for port in named("Service", "martlet")["spec"]["ports"]}
    assert service["registration"] == ports["port"] and prometheus["ports"][0]["port"] == service["metrics"]


def test_autoscaler_scales_the_engines():
    spec = named("HorizontalPodAutoscaler", "martlet-engine")["spec"]
    target = spec["scaleTargetRef"]
    deployment = named(target["kind"], target["name"])
    assert target["apiVersion"] == deployment["apiVersion"]
    # Both would set the number.
    assert "replicas" not in deployment["spec"]
    assert 0 < spec["minReplicas"] < spec["maxReplicas"]
    [metric] = spec["metrics"]
    assert metric["type"] == "External"
    script = named("ConfigMap", "martlet-metrics")["data"]["metrics.py"]
    assert f'"{metric["external"]["metric"]["name"]}"' in script
    assert isinstance(metric["external"]["target"]["averageValue"], str)


def test_the_commands_make_a_cluster(tmp_path, place):
    """Keys as the README makes them, then the containers' commands in the order of the pods, in folders of this machine."""
    made = re.search(r"^timeout 5 martlet (.*)$", (FOLDER / "README.md").read_text(), re.MULTILINE).group(1)
    ports = free_ports(20)
    words = [
        f"--location={socket.gethostname()}" if word.startswith("--location=") else
        f"--ports={ports[0]}-{ports[-1]}" if word.startswith("--ports=") else
        f"--profile-dir={tmp_path / 'keys'}" if word.startswith("--profile-dir=") else word
        for word in shlex.split(made)]
    secret = tmp_path / "keys/security"
    with subprocess.Popen([binary("martlet"), *words], env=place.environment) as maker:
        wait_until(lambda: maker.poll() is not None or len(list(secret.glob("*.json"))) == 3, "the files")
        assert maker.returncode is None, "the controller's reason is above"
        maker.send_signal(signal.SIGTERM)
    assert {path.name for path in secret.iterdir()} == set(named("Secret", "martlet")["stringData"])

    controller = pods()["martlet-controller"]
    [init] = controller["spec"]["initContainers"]
    main, metrics = controller["spec"]["containers"]
    script = init["command"][2].replace("/profile/", f"{place.directory}/").replace("/secret/", f"{secret}/")
    subprocess.run([*init["command"][:2], script], check=True)
    [metrics_port] = free_ports(1)
    (tmp_path / "metrics.py").write_text(named("ConfigMap", "martlet-metrics")["data"]["metrics.py"])
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "martlet").symlink_to(binary("martlet"))
    environment = dict(place.environment, PATH=f"{tools}:{place.environment['PATH']}")
    [engine] = pods()["martlet-engine"]["spec"]["containers"]
    commands = [
        [binary("martlet"), *main["args"]],
        [sys.executable, str(tmp_path / "metrics.py"), str(metrics_port)],
        [binary("martlet"), *[word.replace("/secret/", f"{secret}/") for word in engine["args"]]],
    ]
    assert metrics["command"] == ["python", "/metrics/metrics.py", "9100"]
    processes = []
    try:
        for command in commands:
            processes.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))

        def probe():
            words = main["readinessProbe"]["exec"]["command"]
            return "1 engine," in subprocess.run(words, env=environment, capture_output=True, text=True).stdout

        wait_until(probe, "the engine", 2 * TIMEOUT)

        def served():
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=TIMEOUT).read().decode()
            except urllib.error.URLError:
                return None

        text = wait_until(served, "the metrics")
        assert "martlet_queue_length 0\n" in text and "martlet_engines 1\n" in text
        used = json.loads((place.directory / "profile_default/security/ipcontroller-client.json").read_text())
        assert used["registration"] == ports[0]
        processes[2].send_signal(signal.SIGTERM)
        assert processes[2].wait(TIMEOUT) == 0
        processes[0].send_signal(signal.SIGTERM)
        assert processes[0].wait(TIMEOUT) == 0
        wait_until(lambda: unavailable(metrics_port), "the metrics to say that there is no controller", 2 * TIMEOUT)
    finally:
        for process in processes:
            process.kill()
            process.wait()
        shutil.rmtree(tmp_path / "keys", ignore_errors=True)


def unavailable(port):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2 * TIMEOUT)
    except urllib.error.HTTPError as error:
        return error.code == 503
    return False
