"""Python's own pool of processes (pipes, no broker, no recovery); prints one JSON object."""

from concurrent.futures import ProcessPoolExecutor

import workload


def measure(pool, chosen):
    metrics = {}

    def run_many(count):
        for future in [pool.submit(workload.noop) for _ in range(count)]:
            future.result()

    if workload.wants(chosen, "latency"):
        metrics |= workload.latency("loadbalanced", lambda: pool.submit(workload.noop).result(), chosen.latency_count)
    if workload.wants(chosen, "throughput"):
        metrics |= workload.throughput("loadbalanced", run_many, chosen.throughput_count)
    if workload.wants(chosen, "tutorial"):
        metrics |= workload.tutorial(
            chosen.engines,
            None,
            {"loadbalanced": lambda values: pool.map(workload.square, values)},
            lambda paths: pool.map(workload.count_words, paths),
        )
    if workload.wants(chosen, "payload"):
        metrics |= workload.payload(lambda data: pool.submit(workload.echo, data).result(), chosen.max_payload)
    return metrics


def main():
    chosen = workload.options(__doc__, 1_000, 20_000)
    with ProcessPoolExecutor(chosen.engines) as pool:
        metrics = measure(pool, chosen)
    workload.print_metrics(metrics)


if __name__ == "__main__":
    main()
