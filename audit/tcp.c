/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/tcp.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* How often the kernel may offer ports that were used before we call the range exhausted. */
enum { PORT_TRIES = 64 };

static socklen_t to_sockaddr(const struct ka_endpoint *endpoint, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    if (endpoint->addr.family == 6) {
        struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(endpoint->port)};
        memcpy(&six.sin6_addr, endpoint->addr.bytes, 16);
        memcpy(out, &six, sizeof(six));
        return sizeof(six);
    }
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(endpoint->port)};
    memcpy(&four.sin_addr, endpoint->addr.bytes, 4);
    memcpy(out, &four, sizeof(four));
    return sizeof(four);
}

static void from_sockaddr(const struct sockaddr_storage *address, struct ka_endpoint *out)
{
    if (address->ss_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, address, sizeof(six));
        out->addr = ka_addr_make(6, six.sin6_addr.s6_addr);
        out->port = ntohs(six.sin6_port);
    } else {
        struct sockaddr_in four;
        uint8_t bytes[4];
        memcpy(&four, address, sizeof(four));
        memcpy(bytes, &four.sin_addr, 4);
        out->addr = ka_addr_make(4, bytes);
        out->port = ntohs(four.sin_port);
    }
}

static void set(int fd, int level, int name, int value)
{
    /* Each of these is a refinement: an old kernel without it still measures. */
    (void)setsockopt(fd, level, name, &value, sizeof(value));
}

static void prepare(int fd, uint8_t family)
{
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 0);
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
    if (family == 6)
        set(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
    else
        set(fd, IPPROTO_IP, IP_RECVERR, 1);
}

/* Binds to a port of the kernel's choice that this audit did not use. True on success. */
static bool bind_fresh(int fd, uint8_t family, struct ka_ports *ports)
{
    struct ka_endpoint any = {.addr = {.family = family}};
    struct sockaddr_storage address;
    struct ka_endpoint got;
    socklen_t length = to_sockaddr(&any, &address);
    socklen_t size = sizeof(address);
    if (bind(fd, (struct sockaddr *)&address, length) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return false;
    from_sockaddr(&address, &got);
    uint8_t bit = (uint8_t)(1u << (got.port % 8));
    if (ports->used[got.port / 8] & bit) {
        errno = EADDRINUSE;
        return false;
    }
    ports->used[got.port / 8] |= bit;
    ports->count++;
    return true;
}

static int open_bound(uint8_t family, struct ka_ports *ports, struct ka_error *error)
{
    for (int i = 0; i < PORT_TRIES; i++) {
        int fd = socket(family == 6 ? AF_INET6 : AF_INET,
                        SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
        if (fd < 0)
            return ka_error_set(error, "cannot open a socket: %s", strerror(errno));
        if (bind_fresh(fd, family, ports))
            return fd;
        close(fd);
        if (errno != EADDRINUSE)
            return ka_error_set(error, "cannot bind a socket: %s", strerror(errno));
    }
    return ka_error_set(error,
                        "no source port is left that this audit did not use (%u were): widen "
                        "net.ipv4.ip_local_port_range or lower --steps",
                        ports->count);
}

int ka_tcp_connect(const struct ka_endpoint *to, struct ka_ports *ports, struct ka_error *error)
{
    struct sockaddr_storage address;
    char text[KA_ENDPOINT_TEXT_SIZE];
    socklen_t length = to_sockaddr(to, &address);
    int fd = open_bound(to->addr.family, ports, error);
    if (fd < 0)
        return -1;
    prepare(fd, to->addr.family);
    if (connect(fd, (struct sockaddr *)&address, length) == 0 || errno == EINPROGRESS)
        return fd;
    ka_endpoint_text(to, text);
    ka_error_set(error, "cannot connect to %s: %s", text, strerror(errno));
    close(fd);
    return -1;
}

int ka_tcp_listen(const struct ka_endpoint *at, struct ka_error *error)
{
    struct sockaddr_storage address;
    char text[KA_ENDPOINT_TEXT_SIZE];
    socklen_t length = to_sockaddr(at, &address);
    int fd = socket(at->addr.family == 6 ? AF_INET6 : AF_INET,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    ka_endpoint_text(at, text);
    if (fd < 0)
        return ka_error_set(error, "cannot open a socket: %s", strerror(errno));
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (bind(fd, (struct sockaddr *)&address, length) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    ka_error_set(error, "cannot listen at %s: %s", text, strerror(errno));
    close(fd);
    return -1;
}

int ka_tcp_accept(int listener, struct ka_endpoint *from)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    int fd = accept4(listener, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return -1;
    from_sockaddr(&address, from);
    prepare(fd, from->addr.family);
    return fd;
}

enum ka_tcp_error ka_tcp_classify(int error_number)
{
    static const struct {
        int number;
        enum ka_tcp_error error;
    } rows[] = {
        {0, KA_TCP_FINE},
        {ECONNRESET, KA_TCP_RESET},
        {EPIPE, KA_TCP_RESET},
        {ETIMEDOUT, KA_TCP_TIMEOUT},
        {EHOSTUNREACH, KA_TCP_ICMP},
        {ENETUNREACH, KA_TCP_ICMP},
        {EHOSTDOWN, KA_TCP_ICMP},
        {EACCES, KA_TCP_ICMP}, /* prohibited, on IPv6 */
        {ENOPROTOOPT, KA_TCP_ICMP},
        {ENONET, KA_TCP_ICMP},
        {EOPNOTSUPP, KA_TCP_ICMP},
        {EPROTO, KA_TCP_ICMP},
        {EMSGSIZE, KA_TCP_FINE},
        {ECONNREFUSED, KA_TCP_REFUSED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].number == error_number)
            return rows[i].error;
    return KA_TCP_OTHER;
}

struct ka_endpoint ka_tcp_local(int fd)
{
    struct sockaddr_storage address;
    struct ka_endpoint local = {.port = 0};
    socklen_t size = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &size) == 0)
        from_sockaddr(&address, &local);
    return local;
}

enum ka_tcp_error ka_tcp_take_error(int fd)
{
    int number = 0;
    socklen_t size = sizeof(number);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0)
        return KA_TCP_OTHER;
    return ka_tcp_classify(number);
}

bool ka_tcp_facts(int fd, struct ka_tcp_facts *out)
{
    struct tcp_info info;
    socklen_t size = sizeof(info);
    memset(&info, 0, sizeof(info));
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return false;
    uint32_t idle = info.tcpi_last_data_sent;
    if (info.tcpi_last_data_recv < idle)
        idle = info.tcpi_last_data_recv;
    if (info.tcpi_last_ack_recv < idle)
        idle = info.tcpi_last_ack_recv;
    *out = (struct ka_tcp_facts){
        .idle = (ka_time)idle * KA_MILLISECOND,
        .ack_idle = (ka_time)info.tcpi_last_ack_recv * KA_MILLISECOND,
        .rto = (ka_time)info.tcpi_rto * KA_MICROSECOND,
        .unacked = info.tcpi_unacked,
        .segments_in = info.tcpi_segs_in,
    };
    return true;
}

/* The sequence number at the end of one of the two queues. */
static int queue_end(int fd, int queue, uint32_t *out)
{
    socklen_t size = sizeof(*out);
    if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)) != 0)
        return -1;
    return getsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, out, &size);
}

int ka_tcp_numbers(int fd, struct ka_tcp_numbers *out)
{
    struct ka_tcp_numbers numbers = {.sack = false};
    struct tcp_repair_window window = {.rcv_wnd = 0};
    struct tcp_info info;
    socklen_t info_size = sizeof(info);
    socklen_t window_size = sizeof(window);
    socklen_t stamp_size = sizeof(numbers.tsval);
    int on = TCP_REPAIR_ON;
    int off = TCP_REPAIR_OFF_NO_WP; /* leaving must not send a window probe */
    if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) != 0)
        return -1;
    int result = queue_end(fd, TCP_SEND_QUEUE, &numbers.next);
    if (result == 0)
        result = queue_end(fd, TCP_RECV_QUEUE, &numbers.heard);
    if (result == 0)
        result = getsockopt(fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, &window, &window_size);
    if (result == 0)
        result = getsockopt(fd, IPPROTO_TCP, TCP_TIMESTAMP, &numbers.tsval, &stamp_size);
    if (result == 0)
        result = getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_size);
    if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)) != 0 || result != 0)
        return -1;
    uint32_t scaled = window.rcv_wnd >> info.tcpi_rcv_wscale;
    numbers.window = scaled > UINT16_MAX ? UINT16_MAX : (uint16_t)scaled;
    numbers.has_timestamps = (info.tcpi_options & TCPI_OPT_TIMESTAMPS) != 0;
    numbers.sack = (info.tcpi_options & TCPI_OPT_SACK) != 0;
    numbers.in_flight = info.tcpi_unacked > 0;
    *out = numbers;
    return 0;
}

int ka_tcp_wait(int epoll, struct epoll_event *events, int most, ka_time wait)
{
    ka_time left = wait > 0 ? wait : 0;
    struct timespec exact = {.tv_sec = left / KA_SECOND, .tv_nsec = left % KA_SECOND};
    int count = epoll_pwait2(epoll, events, most, &exact, NULL);
    if (count >= 0 || errno != ENOSYS)
        return count;
    /* Before Linux 5.11: whole milliseconds, rounded up not to turn in a circle. */
    return epoll_wait(epoll, events, most, (int)((left + KA_MILLISECOND - 1) / KA_MILLISECOND));
}

void ka_tcp_acknowledge(int fd)
{
    set(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
}

void ka_tcp_keepalive(int fd, ka_time interval)
{
    if (interval > 0) {
        int seconds = interval < KA_SECOND ? 1 : (int)(interval / KA_SECOND);
        set(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
        set(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds);
        set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
    }
    set(fd, SOL_SOCKET, SO_KEEPALIVE, interval > 0);
}

int ka_tcp_speak(int fd, const char *bytes, size_t count)
{
    struct ka_tcp_facts facts;
    ka_time rto = ka_tcp_facts(fd, &facts) && facts.rto > 0 ? facts.rto : KA_SECOND;
    /* Repeats leave after 1, 3 and 7 timeouts: the third is the one too many. */
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)(rto * 13 / 2 / KA_MILLISECOND));
    return ka_tcp_send(fd, bytes, count);
}

int ka_tcp_send(int fd, const char *bytes, size_t count)
{
    ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent == (ssize_t)count)
        return 0;
    if (sent >= 0)
        errno = EAGAIN;
    return -1;
}

ssize_t ka_tcp_receive_from(int fd, void *bytes, size_t size, struct ka_endpoint *from)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    ssize_t count = recvfrom(fd, bytes, size, 0, (struct sockaddr *)&address, &length);
    if (count >= 0)
        from_sockaddr(&address, from);
    return count;
}

void ka_tcp_abort(int fd)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (fd < 0)
        return;
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
}

int ka_tcp_allow(uint64_t wanted, uint64_t *allowed, struct ka_error *error)
{
    struct rlimit limit;
    *allowed = 0;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return ka_error_set(error, "cannot read the limit of open files: %s", strerror(errno));
    *allowed = limit.rlim_cur;
    if (limit.rlim_cur >= wanted)
        return 0;
    struct rlimit more = limit;
    more.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &more) == 0)
        *allowed = more.rlim_cur;
    if (*allowed >= wanted)
        return 0;
    /* Root may lift the hard limit as well. */
    more = (struct rlimit){.rlim_cur = wanted, .rlim_max = wanted};
    if (setrlimit(RLIMIT_NOFILE, &more) == 0) {
        *allowed = wanted;
        return 0;
    }
    return ka_error_set(error,
                        "%llu connections at once need more open files than the limit of %llu: "
                        "raise it (ulimit -n %llu) or lower --steps",
                        (unsigned long long)wanted, (unsigned long long)*allowed,
                        (unsigned long long)wanted);
}
