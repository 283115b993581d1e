#include "streams.h"
#include "settings.h"
#include <algorithm>
#include <chrono>
#include <cstdio>

namespace driver {

namespace {

enum class Eagerness { Eager, Lazy, Ahead, Random };

Eagerness eagerness() {
    std::string set = settings::text("streams", "eager");
    return set == "lazy"     ? Eagerness::Lazy
           : set == "ahead"  ? Eagerness::Ahead
           : set == "random" ? Eagerness::Random
                             : Eagerness::Eager;
}

uint64_t randomState = 0;

uint64_t randomBelow(uint64_t count) {
    if (!randomState)
        randomState = 0x9E3779B97F4A7C15ull * (settings::number("seed", 1) + 1);
    randomState = randomState * 6364136223846793005ull + 1442695040888963407ull;
    return (randomState >> 33) % count;
}

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

int fail(Context& context, int code) {
    if (code && !context.fault)
        context.fault = code;
    return code;
}

std::set<std::shared_ptr<Capture>>& captures() {
    static auto* all = new std::set<std::shared_ptr<Capture>>;
    return *all;
}

int perform(const std::string& name, const Work& work) {
    if (settings::number("trace", 0))
        fprintf(stderr, "cpucuda: %s\n", name.c_str());
    return work ? work() : 0;
}

/// Runs the first item of a stream, and before it what it waits for in other streams.
int runFirst(Stream& stream) {
    Item item = std::move(stream.queue.front());
    stream.queue.pop_front();
    while (item.waits && !item.waits->reached)
        if (int code = runFirst(*item.waits->stream))
            return code;
    int code = perform(item.name, item.work);
    if (item.signals) {
        item.signals->reached = true;
        item.signals->seconds = now();
    }
    return fail(*stream.context, code);
}

int runAll(Stream& stream) {
    while (!stream.queue.empty())
        if (int code = runFirst(stream))
            return code;
    return stream.context->fault;
}

/// The streams of a context with work left, other than `except`.
std::vector<Stream*> busy(Context& context, Stream* except) {
    std::vector<Stream*> found;
    for (Stream* s : context.streams)
        if (s != except && !s->queue.empty())
            found.push_back(s);
    return found;
}

void enqueue(Stream& stream, Item item) { stream.queue.push_back(std::move(item)); }

/// Work on the legacy stream comes after all earlier work of the blocking streams.
int drainBlocking(Context& context) {
    for (Stream* s : context.streams)
        if (s->blocking)
            if (int code = runAll(*s))
                return code;
    return 0;
}

int afterEnqueue(Stream& stream) {
    if (&stream == &stream.context->legacy || eagerness() == Eagerness::Eager)
        return runAll(stream);
    return 0;
}

/// The legacy stream would have to wait for a stream that is being captured.
int checkImplicit(Stream& stream) {
    if (&stream != &stream.context->legacy)
        return 0;
    for (auto& capture : captures())
        for (Stream* s : capture->streams)
            if (s->blocking && s->context == stream.context) {
                capture->invalid = true;
                return captureImplicit;
            }
    return 0;
}

int invalidate(Capture& capture, int code) {
    capture.invalid = true;
    return code;
}

void merge(std::vector<int>& tail, const std::vector<int>& more) {
    tail.insert(tail.end(), more.begin(), more.end());
    std::sort(tail.begin(), tail.end());
    tail.erase(std::unique(tail.begin(), tail.end()), tail.end());
}

} // namespace

int submit(Stream& stream, const std::string& name, Work work) {
    if (stream.capture) {
        Capture& capture = *stream.capture;
        if (capture.invalid)
            return captureInvalidated;
        capture.graph.nodes.push_back({name, std::move(work), stream.tail});
        stream.tail = {int(capture.graph.nodes.size()) - 1};
        return 0;
    }
    if (int code = checkImplicit(stream))
        return code;
    if (&stream == &stream.context->legacy)
        if (int code = drainBlocking(*stream.context))
            return code;
    enqueue(stream, {name, std::move(work), nullptr, nullptr});
    return afterEnqueue(stream);
}

int drain(Stream& stream) {
    Context& context = *stream.context;
    switch (eagerness()) {
    case Eagerness::Ahead:
        for (Stream* s : busy(context, &stream))
            if (int code = runAll(*s))
                return code;
        break;
    case Eagerness::Random:
        while (!stream.queue.empty()) {
            auto others = busy(context, nullptr);
            if (int code = runFirst(*others[randomBelow(others.size())]))
                return code;
        }
        break;
    default:
        break;
    }
    return runAll(stream);
}

int drainAll(Context& context) {
    if (int code = runAll(context.legacy))
        return code;
    for (auto all = busy(context, nullptr); !all.empty(); all = busy(context, nullptr)) {
        bool any = eagerness() == Eagerness::Random;
        if (int code = runFirst(*all[any ? randomBelow(all.size()) : 0]))
            return code;
    }
    return context.fault;
}

void abandon(Stream& stream) {
    for (Item& item : stream.queue)
        if (item.signals)
            item.signals->reached = true;
    stream.queue.clear();
}

int advance(Stream& stream) {
    if (stream.queue.empty())
        return stream.context->fault;
    int code = runFirst(stream);
    return code ? code : stream.queue.empty() ? 0 : notReady;
}

// ---- events ----

int record(Event& event, Stream& stream) {
    if (stream.capture) {
        if (stream.capture->invalid)
            return captureInvalidated;
        event.captured = true;
        event.capture = stream.capture;
        event.tail = stream.tail;
        return 0;
    }
    if (int code = checkImplicit(stream))
        return code;
    event.captured = false;
    event.ticket = std::make_shared<Ticket>(Ticket{&stream});
    enqueue(stream, {"event", nullptr, nullptr, event.ticket});
    return afterEnqueue(stream);
}

int wait(Stream& stream, Event& event) {
    std::shared_ptr<Capture> from = event.captured ? event.capture.lock() : nullptr;
    if (from && from->invalid)
        return captureInvalidated;
    if (event.captured && !from)
        return stream.capture ? invalidate(*stream.capture, captureIsolation) : int(capturedEvent);
    if (stream.capture && stream.capture->invalid)
        return captureInvalidated;
    if (from && !stream.capture) {
        if (&stream == &stream.context->legacy)
            return invalidate(*from, captureImplicit);
        stream.capture = from;
        from->streams.insert(&stream);
        stream.tail = event.tail;
        return 0;
    }
    if (from) {
        if (from != stream.capture)
            return invalidate(*from, invalidate(*stream.capture, captureMerge));
        merge(stream.tail, event.tail);
        return 0;
    }
    if (stream.capture)
        return event.ticket ? invalidate(*stream.capture, captureIsolation) : 0;
    if (!event.ticket || event.ticket->reached)
        return 0;
    enqueue(stream, {"wait", nullptr, event.ticket, nullptr});
    return afterEnqueue(stream);
}

int synchronise(Event& event) {
    if (event.captured)
        return capturedEvent;
    if (!event.ticket)
        return 0;
    while (!event.ticket->reached)
        if (int code = runFirst(*event.ticket->stream))
            return code;
    return event.ticket->stream->context->fault;
}

// ---- captures ----

int beginCapture(Stream& stream, int mode) {
    if (&stream == &stream.context->legacy)
        return captureUnsupported;
    if (stream.capture)
        return illegalState;
    if (mode < 0 || mode > 2)
        return invalidValue;
    auto capture = std::make_shared<Capture>();
    capture->origin = &stream;
    capture->mode = mode;
    capture->thread = std::this_thread::get_id();
    capture->streams = {&stream};
    captures().insert(capture);
    stream.capture = capture;
    stream.tail.clear();
    return 0;
}

namespace {

/// Whether every node leads to one of `tail`.
bool joined(const Graph& graph, const std::vector<int>& tail) {
    std::vector<bool> reached(graph.nodes.size());
    for (int i : tail)
        reached[i] = true;
    for (int i = int(graph.nodes.size()) - 1; i >= 0; i--)
        if (reached[i])
            for (int before : graph.nodes[i].after)
                reached[before] = true;
    return std::all_of(reached.begin(), reached.end(), [](bool r) { return r; });
}

void forget(const std::shared_ptr<Capture>& capture) {
    captures().erase(capture);
    for (Stream* s : capture->streams) {
        s->capture = nullptr;
        s->tail.clear();
    }
}

} // namespace

int endCapture(Stream& stream, Graph*& graph) {
    graph = nullptr;
    std::shared_ptr<Capture> capture = stream.capture;
    if (!capture)
        return illegalState;
    if (capture->origin != &stream)
        return invalidate(*capture, captureUnmatched);
    if (capture->mode != 2 && capture->thread != std::this_thread::get_id())
        return captureWrongThread;
    bool whole = joined(capture->graph, stream.tail);
    forget(capture);
    if (capture->invalid)
        return captureInvalidated;
    if (!whole)
        return captureUnjoined;
    graph = new Graph(std::move(capture->graph));
    return 0;
}

int forbiddenInCapture() {
    int code = 0;
    for (auto& capture : captures())
        if (capture->mode == 0
            || (capture->mode == 1 && capture->thread == std::this_thread::get_id()))
            code = invalidate(*capture, captureUnsupported);
    return code;
}

int forbiddenOn(Stream& stream) {
    if (stream.capture)
        return stream.capture->invalid ? int(captureInvalidated)
                                       : invalidate(*stream.capture, captureUnsupported);
    return checkImplicit(stream);
}

int runGraph(const Graph& graph) {
    size_t count = graph.nodes.size();
    Eagerness order = eagerness();
    std::vector<bool> done(count);
    for (size_t turn = 0; turn < count; turn++) {
        std::vector<int> ready;
        for (size_t i = 0; i < count; i++) {
            auto& after = graph.nodes[i].after;
            if (!done[i]
                && std::all_of(after.begin(), after.end(), [&](int n) { return done[n]; })) {
                ready.push_back(i);
                if (order == Eagerness::Eager)
                    break;
            }
        }
        int next = order == Eagerness::Random  ? ready[randomBelow(ready.size())]
                   : order == Eagerness::Ahead ? ready.back()
                                               : ready.front();
        done[next] = true;
        if (int code = perform(graph.nodes[next].name, graph.nodes[next].work))
            return code;
    }
    return 0;
}

} // namespace driver
