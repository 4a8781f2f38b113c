"""Dask's distributed scheduler with worker processes on this machine; prints one JSON object."""

import workload
from distributed import Client, LocalCluster, wait


def measure(client, chosen):
    metrics = {}

    def run_many(count):
        wait([client.submit(workload.noop, pure=False) for _ in range(count)])

    def map_all(function, values):
        return client.gather(client.map(function, list(values), pure=False))

    if workload.wants(chosen, "latency"):
        call = lambda: client.submit(workload.noop, pure=False).result()  # noqa: E731
        metrics |= workload.latency("loadbalanced", call, chosen.latency_count)
    if workload.wants(chosen, "throughput"):
        metrics |= workload.throughput("loadbalanced", run_many, chosen.throughput_count)
    if workload.wants(chosen, "tutorial"):
        metrics |= workload.tutorial(
            chosen.engines,
            lambda: list(client.run(workload.greet).values()),
            {"loadbalanced": lambda values: map_all(workload.square, values)},
            lambda paths: map_all(workload.count_words, paths),
        )
    if workload.wants(chosen, "payload"):
        call = lambda data: client.submit(workload.echo, data, pure=False).result()  # noqa: E731
        metrics |= workload.payload(call, chosen.max_payload)
    return metrics


def main():
    chosen = workload.options(__doc__, 200, 1_000)
    with (
        LocalCluster(
            n_workers=chosen.engines,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            silence_logs=50,
        ) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(chosen.engines)
        metrics = measure(client, chosen)
    workload.print_metrics(metrics)


if __name__ == "__main__":
    main()
