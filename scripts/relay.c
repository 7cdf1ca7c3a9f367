// The least that can stand between a client and a server: copies bytes both ways, on one thread, and does nothing else.
// What it adds to a call is what this machine takes for waking one more process.
//
//   relay [-s FILE] -- COMMAND ARGUMENTS…   between its own standard streams and the command's
//   relay [-s FILE] PORT                    between a port of loopback, which it prints as {"port": …}, and PORT
//
// With -s, 4 KiB are written to FILE and synced for each piece that the client sends, once it has been passed on: what
// evidence that outlives a power cut takes, if it took no work besides.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int note = -1;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

// 0 when there is no more to copy.
static int pass(int from, int to) {
  static char bytes[1 << 18];
  ssize_t count = read(from, bytes, sizeof bytes);
  if (count <= 0) return 0;
  for (ssize_t done = 0; done < count;) {
    ssize_t written = write(to, bytes + done, count - done);
    if (written <= 0) return 0;
    done += written;
  }
  return 1;
}

static void keep(void) {
  // Over and over in the same 256 blocks, which are there already: syncing a file that grows takes longer.
  static char block[4096];
  static unsigned next = 0;
  if (note < 0) return;
  block[0]++;
  if (pwrite(note, block, sizeof block, (off_t)(next++ % 256) * sizeof block) < 0 || fdatasync(note) < 0) fail("sync");
}

static void relay(int client_in, int client_out, int server_in, int server_out) {
  struct pollfd ends[2] = {{.fd = client_in, .events = POLLIN}, {.fd = server_out, .events = POLLIN}};
  while (poll(ends, 2, -1) > 0) {
    if (ends[0].revents) {
      if (!pass(client_in, server_in)) return;
      keep();
    }
    if (ends[1].revents && !pass(server_out, client_out)) return;
  }
}

static int between_pipes(char **command) {
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0) fail("pipe");
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    execvp(command[0], command);
    fail(command[0]);
  }
  close(in[0]);
  close(out[1]);
  relay(0, 1, in[1], out[0]);
  close(in[1]);
  close(out[0]);
  waitpid(child, NULL, 0);
  return 0;
}

static void between_sockets(int port) {
  int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 8) < 0 ||
      getsockname(listener, (struct sockaddr *)&address, &length) < 0)
    fail("listen");
  printf("{\"port\": %d}\n", ntohs(address.sin_port));
  fflush(stdout);
  // One client after the other.
  for (;;) {
    int client = accept(listener, NULL, NULL), server = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_port = htons(port);
    if (client < 0 || connect(server, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    relay(client, client, server, server);
    close(client);
    close(server);
  }
}

int main(int count, char **arguments) {
  int at = 1;
  signal(SIGPIPE, SIG_IGN);
  if (count > 2 && strcmp(arguments[1], "-s") == 0) {
    static char zeros[1 << 20];
    note = open(arguments[2], O_WRONLY | O_CREAT, 0600);
    if (note < 0 || pwrite(note, zeros, sizeof zeros, 0) < 0 || fsync(note) < 0) fail(arguments[2]);
    at = 3;
  }
  if (at < count - 1 && strcmp(arguments[at], "--") == 0) return between_pipes(arguments + at + 1);
  if (at == count - 1 && atoi(arguments[at]) > 0) between_sockets(atoi(arguments[at]));
  fprintf(stderr, "usage: relay [-s FILE] -- COMMAND…, or relay [-s FILE] PORT\n");
  return 64;
}
