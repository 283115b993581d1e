// Streams, events, captures and graphs: who runs what when.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace driver {

/// CUresult, as far as this driver gives them.
enum Result {
    success = 0,
    invalidValue = 1,
    outOfMemory = 2,
    notInitialised = 3,
    noDevice = 100,
    invalidDevice = 101,
    invalidImage = 200,
    invalidContext = 201,
    illegalState = 401,
    invalidHandle = 400,
    notFound = 500,
    notReady = 600,
    captureUnsupported = 900,
    captureInvalidated = 901,
    captureMerge = 902,
    captureUnmatched = 903,
    captureUnjoined = 904,
    captureIsolation = 905,
    captureImplicit = 906,
    capturedEvent = 907,
    captureWrongThread = 908,
};

using Work = std::function<int()>;

/// A recorded piece of work and the earlier ones it comes after.
struct Node {
    std::string name;
    Work work;
    std::vector<int> after;
};

struct Graph {
    std::vector<Node> nodes;
};

struct Stream;

struct Capture {
    Stream* origin;
    int mode; // 0 global, 1 thread-local, 2 relaxed
    std::thread::id thread;
    bool invalid = false;
    Graph graph;
    std::set<Stream*> streams;
};

/// A place in a stream's queue.
struct Ticket {
    Stream* stream;
    bool reached = false;
    double seconds = 0;
};

struct Item {
    std::string name;
    Work work;                     // may be empty
    std::shared_ptr<Ticket> waits; // for this place of another stream first
    std::shared_ptr<Ticket> signals;
};

struct Context;

struct Stream {
    Context* context;
    bool blocking; // takes part in the order of the legacy stream
    int priority;
    std::deque<Item> queue;
    std::shared_ptr<Capture> capture;
    std::vector<int> tail; // while capturing: what the next piece of work comes after
};

struct Event {
    bool timed;
    std::shared_ptr<Ticket> ticket; // of the last record outside of captures
    std::weak_ptr<Capture> capture; // of the last record, if within one
    bool captured = false;
    std::vector<int> tail;
};

struct Context {
    int device;
    int retained = 0;
    int fault = 0; // once a kernel has failed every call fails
    Stream legacy{this, true, 0, {}, nullptr, {}};
    std::set<Stream*> streams = {};
};

/// Gives work to a stream: queued, run or captured.
int submit(Stream& stream, const std::string& name, Work work);
int drain(Stream& stream);
int drainAll(Context& context);
/// Forgets the work of a stream.
void abandon(Stream& stream);
/// Runs one piece of work of a stream that somebody polls.
int advance(Stream& stream);

int record(Event& event, Stream& stream);
int wait(Stream& stream, Event& event);
int synchronise(Event& event);

int beginCapture(Stream& stream, int mode);
int endCapture(Stream& stream, Graph*& graph);
/// The error of a call that must not be made while the calling thread captures; also spoils the
/// capture.
int forbiddenInCapture();
/// The same for a call that would wait for `stream`.
int forbiddenOn(Stream& stream);
/// Runs the nodes in an order that respects only what was recorded.
int runGraph(const Graph& graph);

} // namespace driver
