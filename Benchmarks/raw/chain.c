// The floor for a broker on ZeroMQ: client DEALER -> ROUTER/ROUTER broker -> N worker processes -> back, over ipc.
//
// Frames are laid out and sized as in a real apply_request and apply_reply of a no-op, identities included, but nothing
// is signed, parsed or stored: what is left is libzmq and the kernel. Prints one JSON object of metric -> number.
//
//   cc -O2 -o chain chain.c -lzmq
//   ./chain [--mode latency|throughput|tutorial|payload|all] [--engines N] [--window N] [--latency-count N]
//           [--throughput-count N] [--min-payload BYTES] [--max-payload BYTES]

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum {
  IDENTITY_SIZE = 36,
  MAX_ENGINES = 256,
  MAX_FRAMES = 16,
  BATCH = 100,  // messages taken from one socket before the other has its turn
};

static const char BROKER_IDENTITY[] = "task";
static const char DELIMITER[] = "<IDS|MSG>";

// Sizes after the delimiter: signature, header, parent header, metadata, content, then the buffers of a call without
// arguments to a function by name (request) and of a None (reply).
static const size_t REQUEST_SIZES[] = {64, 213, 2, 87, 2, 92, 52};
static const size_t REPLY_SIZES[] = {64, 211, 213, 239, 16, 4};
enum { REQUEST_COUNT = sizeof REQUEST_SIZES / sizeof *REQUEST_SIZES };
enum { REPLY_COUNT = sizeof REPLY_SIZES / sizeof *REPLY_SIZES };

static pid_t children[MAX_ENGINES + 1];
static int child_count = 0;

static void die(const char *what) {
  fprintf(stderr, "chain: %s: %s\n", what, zmq_strerror(errno));
  for (int i = 0; i < child_count; i++) kill(children[i], SIGKILL);
  exit(1);
}

static int check(int result, const char *what) {
  if (result < 0) die(what);
  return result;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static void *open_socket(void *context, int type, const void *identity, size_t size) {
  int zero = 0;
  void *socket = zmq_socket(context, type);
  if (!socket) die("socket");
  check(zmq_setsockopt(socket, ZMQ_SNDHWM, &zero, sizeof zero), "SNDHWM");
  check(zmq_setsockopt(socket, ZMQ_RCVHWM, &zero, sizeof zero), "RCVHWM");
  check(zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero), "LINGER");
  check(zmq_setsockopt(socket, ZMQ_ROUTING_ID, identity, size), "ROUTING_ID");
  return socket;
}

static void engine_identity(int index, char *out) {
  char text[IDENTITY_SIZE + 1];
  snprintf(text, sizeof text, "%0*d", IDENTITY_SIZE, index);
  memcpy(out, text, IDENTITY_SIZE);
}

// Multipart helpers. A message is an array of initialised frames.

static int receive(void *socket, zmq_msg_t *frames, int flags) {
  int count = 0, more = 1;
  while (more) {
    if (count == MAX_FRAMES) {
      fprintf(stderr, "chain: more than %d frames\n", MAX_FRAMES);
      exit(1);
    }
    zmq_msg_init(&frames[count]);
    if (zmq_msg_recv(&frames[count], socket, count == 0 ? flags : 0) < 0) {
      if (errno == EAGAIN && count == 0) return 0;
      if (errno == EINTR) continue;
      die("receive");
    }
    more = zmq_msg_more(&frames[count]);
    count++;
  }
  return count;
}

static void send_frames(void *socket, zmq_msg_t *frames, int count) {
  for (int i = 0; i < count; i++)
    check(zmq_msg_send(&frames[i], socket, i + 1 < count ? ZMQ_SNDMORE : 0), "send");
}

static void close_frames(zmq_msg_t *frames, int count) {
  for (int i = 0; i < count; i++) zmq_msg_close(&frames[i]);
}

static void fill(zmq_msg_t *frame, size_t size) {
  check(zmq_msg_init_size(frame, size), "message");
  memset(zmq_msg_data(frame), 'x', size);
}

static void run_worker(const char *backend, int index) {
  char identity[IDENTITY_SIZE];
  engine_identity(index, identity);
  void *context = zmq_ctx_new();
  void *socket = open_socket(context, ZMQ_ROUTER, identity, sizeof identity);
  int mandatory = 1;
  check(zmq_setsockopt(socket, ZMQ_ROUTER_MANDATORY, &mandatory, sizeof mandatory), "MANDATORY");
  check(zmq_connect(socket, backend), "connect");
  // A ROUTER can address its peer only once the two have shaken hands.
  while (zmq_send(socket, BROKER_IDENTITY, strlen(BROKER_IDENTITY), ZMQ_SNDMORE) < 0) {
    if (errno != EHOSTUNREACH) die("ready");
    usleep(1000);
  }
  check(zmq_send(socket, "ready", 5, 0), "ready");

  for (;;) {
    // [broker, client, delimiter, signature, header, parent, metadata, content, buffers...]
    zmq_msg_t request[MAX_FRAMES], reply[MAX_FRAMES];
    int count = receive(socket, request, 0);
    int size = 0;
    for (; size < 3; size++) {
      zmq_msg_init(&reply[size]);
      zmq_msg_move(&reply[size], &request[size]);
    }
    for (int i = 0; i < REPLY_COUNT; i++, size++) {
      if (i == 2) {  // the request's header is the reply's parent header
        zmq_msg_init(&reply[size]);
        zmq_msg_move(&reply[size], &request[4]);
      } else {
        fill(&reply[size], REPLY_SIZES[i]);
      }
    }
    if (count > 3 + REQUEST_COUNT) {  // a payload goes back as it came
      zmq_msg_init(&reply[size]);
      zmq_msg_move(&reply[size], &request[count - 1]);
      size++;
    }
    close_frames(request, count);
    send_frames(socket, reply, size);
  }
}

static void run_broker(const char *frontend, const char *backend, int engines) {
  void *context = zmq_ctx_new();
  void *front = open_socket(context, ZMQ_ROUTER, BROKER_IDENTITY, strlen(BROKER_IDENTITY));
  void *back = open_socket(context, ZMQ_ROUTER, BROKER_IDENTITY, strlen(BROKER_IDENTITY));
  check(zmq_bind(back, backend), "bind backend");
  zmq_msg_t frames[MAX_FRAMES + 1];
  for (int i = 0; i < engines; i++) close_frames(frames, receive(back, frames, 0));
  check(zmq_bind(front, frontend), "bind frontend");

  char identities[MAX_ENGINES][IDENTITY_SIZE];
  int load[MAX_ENGINES] = {0};
  for (int i = 0; i < engines; i++) engine_identity(i, identities[i]);

  zmq_pollitem_t items[] = {{front, 0, ZMQ_POLLIN, 0}, {back, 0, ZMQ_POLLIN, 0}};
  for (;;) {
    if (zmq_poll(items, 2, -1) < 0 && errno != EINTR) die("poll");
    if (items[1].revents & ZMQ_POLLIN) {
      for (int n = 0; n < BATCH; n++) {
        // [engine, client, delimiter, ...] leaves as [client, engine, delimiter, ...]
        int count = receive(back, frames, ZMQ_DONTWAIT);
        if (count == 0) break;
        char text[IDENTITY_SIZE + 1] = {0};
        memcpy(text, zmq_msg_data(&frames[0]), IDENTITY_SIZE);
        load[atoi(text)]--;
        zmq_msg_t first;
        zmq_msg_init(&first);
        zmq_msg_move(&first, &frames[0]);
        zmq_msg_move(&frames[0], &frames[1]);
        zmq_msg_move(&frames[1], &first);
        zmq_msg_close(&first);
        send_frames(front, frames, count);
      }
    }
    if (items[0].revents & ZMQ_POLLIN) {
      for (int n = 0; n < BATCH; n++) {
        // [client, delimiter, ...] leaves as [engine, client, delimiter, ...]
        int count = receive(front, frames + 1, ZMQ_DONTWAIT);
        if (count == 0) break;
        int best = 0;
        for (int i = 1; i < engines; i++)
          if (load[i] < load[best]) best = i;
        load[best]++;
        check(zmq_msg_init_size(&frames[0], IDENTITY_SIZE), "message");
        memcpy(zmq_msg_data(&frames[0]), identities[best], IDENTITY_SIZE);
        send_frames(back, frames, count + 1);
      }
    }
  }
}

static void send_request(void *socket, const void *payload, size_t payload_size) {
  zmq_msg_t frames[MAX_FRAMES];
  int count = 0;
  check(zmq_msg_init_size(&frames[count], strlen(DELIMITER)), "message");
  memcpy(zmq_msg_data(&frames[count++]), DELIMITER, strlen(DELIMITER));
  for (int i = 0; i < REQUEST_COUNT; i++) fill(&frames[count++], REQUEST_SIZES[i]);
  if (payload) {  // by reference, as a client sends a large buffer
    check(zmq_msg_init_data(&frames[count++], (void *)payload, payload_size, NULL, NULL), "payload");
  }
  send_frames(socket, frames, count);
}

static size_t receive_reply(void *socket) {
  zmq_msg_t frames[MAX_FRAMES];
  int count = receive(socket, frames, 0);
  size_t last = zmq_msg_size(&frames[count - 1]);
  close_frames(frames, count);
  return last;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static const char *separator = "{";

static void report(const char *name, double value) {
  printf("%s\"%s\": %.6g", separator, name, value);
  separator = ", ";
}

static void measure_latency(void *socket, int count) {
  double *times = calloc(count, sizeof *times);
  if (!times) die("memory");
  for (int i = -count / 10; i < count; i++) {
    double start = now();
    send_request(socket, NULL, 0);
    receive_reply(socket);
    if (i >= 0) times[i] = now() - start;
  }
  qsort(times, count, sizeof *times, ascending);
  report("latency_loadbalanced_p50_ms", times[count / 2] * 1e3);
  report("latency_loadbalanced_p99_ms", times[(int)(count * 0.99)] * 1e3);
  free(times);
}

static void exchange(void *socket, int count, int window) {
  int sent = 0;
  for (int received = 0; received < count; received++) {
    for (; sent < count && sent - received < window; sent++) send_request(socket, NULL, 0);
    receive_reply(socket);
  }
}

static void measure_throughput(void *socket, int count, int window) {
  double start = now();
  exchange(socket, count, window);
  report("throughput_loadbalanced_tasks_per_s", count / (now() - start));
}

// The tutorial's no-ops: one an engine, and 32 of which each engine has one at a time, as with a high water mark of 1.
static void measure_tutorial(void *socket, int engines) {
  const char *names[] = {"apply_all_ms", "map32_direct_ms", "map32_loadbalanced_ms"};
  const int counts[] = {engines, engines, 32};
  for (int row = 0; row < 3; row++) {
    double times[6];
    for (int run = 0; run < 6; run++) {
      double start = now();
      exchange(socket, counts[row], engines);
      times[run] = now() - start;
    }
    qsort(times + 1, 5, sizeof *times, ascending);  // the first warms up
    report(names[row], times[3] * 1e3);
  }
}

static void measure_payload(void *socket, size_t smallest, size_t largest) {
  char *data = calloc(largest, 1);
  if (!data) die("memory");
  memset(data, 'p', largest);
  for (size_t size = smallest; size <= largest; size *= 10) {
    // At least 3 and at most 2,000 round trips, some 300 MB where that is in between.
    size_t rounds = 300000000 / size;
    if (rounds > 2000) rounds = 2000;
    if (rounds < 3) rounds = 3;
    send_request(socket, data, size);
    receive_reply(socket);
    double start = now();
    for (size_t i = 0; i < rounds; i++) {
      send_request(socket, data, size);
      if (receive_reply(socket) != size) {
        fprintf(stderr, "chain: payload did not come back\n");
        exit(1);
      }
    }
    char name[64];
    snprintf(name, sizeof name, "payload_%zu_gb_per_s", size);
    // Bytes sent plus bytes received over the time of the round trip.
    report(name, 2.0 * size * rounds / (now() - start) / 1e9);
  }
  // Sent frames refer to `data`; they are gone because every reply has come back.
  free(data);
}

static pid_t start_child(void) {
  pid_t parent = getpid();
  fflush(stdout);
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) {
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
#else
    (void)parent;
#endif
  } else {
    children[child_count++] = pid;
  }
  return pid;
}

static long option(int argc, char **argv, const char *name, long fallback) {
  for (int i = 1; i + 1 < argc; i += 2)
    if (strcmp(argv[i], name) == 0) {
      long value = atol(argv[i + 1]);
      if (value < 1) {
        fprintf(stderr, "chain: %s wants a positive number\n", name);
        exit(2);
      }
      return value;
    }
  return fallback;
}

int main(int argc, char **argv) {
  const char *mode = "all";
  for (int i = 1; i + 1 < argc; i += 2)
    if (strcmp(argv[i], "--mode") == 0) mode = argv[i + 1];
  long engines = option(argc, argv, "--engines", 4);
  long window = option(argc, argv, "--window", 1000);
  long latency_count = option(argc, argv, "--latency-count", 2000);
  long throughput_count = option(argc, argv, "--throughput-count", 100000);
  long smallest = option(argc, argv, "--min-payload", 1000);
  long largest = option(argc, argv, "--max-payload", 100000000);
  if (engines > MAX_ENGINES) {
    fprintf(stderr, "chain: at most %d engines\n", MAX_ENGINES);
    return 2;
  }

  char directory[] = "/tmp/chain-XXXXXX", frontend[64], backend[64];
  if (!mkdtemp(directory)) die("mkdtemp");
  snprintf(frontend, sizeof frontend, "ipc://%s/f", directory);
  snprintf(backend, sizeof backend, "ipc://%s/b", directory);

  if (start_child() == 0) run_broker(frontend, backend, (int)engines);
  for (int i = 0; i < engines; i++)
    if (start_child() == 0) run_worker(backend, i);

  void *context = zmq_ctx_new();
  char identity[IDENTITY_SIZE];
  memset(identity, 'c', sizeof identity);
  void *socket = open_socket(context, ZMQ_DEALER, identity, sizeof identity);
  check(zmq_connect(socket, frontend), "connect");

  bool all = strcmp(mode, "all") == 0;
  bool known = all;
  if (all || strcmp(mode, "latency") == 0) known = true, measure_latency(socket, (int)latency_count);
  if (all || strcmp(mode, "throughput") == 0)
    known = true, measure_throughput(socket, (int)throughput_count, (int)window);
  if (all || strcmp(mode, "tutorial") == 0) known = true, measure_tutorial(socket, (int)engines);
  if (all || strcmp(mode, "payload") == 0) known = true, measure_payload(socket, (size_t)smallest, (size_t)largest);
  if (known) printf("}\n");

  zmq_close(socket);
  zmq_ctx_term(context);
  for (int i = 0; i < child_count; i++) kill(children[i], SIGKILL);
  for (int i = 0; i < child_count; i++) waitpid(children[i], NULL, 0);
  unlink(frontend + strlen("ipc://"));
  unlink(backend + strlen("ipc://"));
  rmdir(directory);
  if (!known) fprintf(stderr, "chain: unknown mode %s\n", mode);
  return known ? 0 : 2;
}
