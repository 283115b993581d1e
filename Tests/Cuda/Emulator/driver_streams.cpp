// Streams, events, captures and graphs.
#include "driver.h"

using namespace driver;

// ---- streams and events ----

EXPORT cuStreamCreateWithPriority(void** stream, unsigned flags, int priority) {
    return inContext([&](Context& context) {
        if (flags > 1)
            return invalidValue;
        auto created = track(new Stream{&context, flags == 0, priority, {}, nullptr, {}});
        context.streams.insert(created);
        *stream = created;
        return success;
    });
}

EXPORT cuStreamCreate(void** stream, unsigned flags) {
    return cuStreamCreateWithPriority(stream, flags, 0);
}

EXPORT cuStreamDestroy_v2(void* stream) {
    return inContext([&](Context& context) -> int {
        if (!isLive(stream))
            return invalidHandle;
        auto gone = static_cast<Stream*>(stream);
        if (gone->capture)
            return forbiddenOn(*gone);
        if (int code = drain(*gone))
            return code;
        context.streams.erase(gone);
        return destroy(gone);
    });
}

EXPORT cuStreamSynchronize(void* stream) {
    return onStream(stream, [](Stream& s) -> int {
        int code = forbiddenOn(s);
        return code ? code : drain(s);
    });
}

EXPORT cuStreamQuery(void* stream) {
    return onStream(stream, [](Stream& s) -> int {
        int code = forbiddenOn(s);
        return code ? code : advance(s);
    });
}

EXPORT cuEventCreate(void** event, unsigned flags) {
    return inContext([&](Context&) {
        auto created = track(new Event);
        created->timed = !(flags & 2);
        *event = created;
        return success;
    });
}

EXPORT cuEventDestroy_v2(void* event) {
    return call([&] { return destroy(static_cast<Event*>(event)); });
}

EXPORT cuEventRecord(void* event, void* stream) {
    return onStream(
        stream, [&](Stream& s) { return onEvent(event, [&](Event& e) { return record(e, s); }); });
}

EXPORT cuStreamWaitEvent(void* stream, void* event, unsigned) {
    return onStream(
        stream, [&](Stream& s) { return onEvent(event, [&](Event& e) { return wait(s, e); }); });
}

EXPORT cuEventSynchronize(void* event) {
    return onEvent(event, [](Event& e) { return synchronise(e); });
}

EXPORT cuEventQuery(void* event) {
    return onEvent(event, [](Event& e) -> int {
        if (e.captured)
            return capturedEvent;
        if (!e.ticket || e.ticket->reached)
            return success;
        int code = advance(*e.ticket->stream);
        return code ? code : e.ticket->reached ? success : notReady;
    });
}

EXPORT cuEventElapsedTime(float* milliseconds, void* start, void* end) {
    return onEvent(start, [&](Event& a) -> int {
        return onEvent(end, [&](Event& b) -> int {
            if (a.captured || b.captured)
                return capturedEvent;
            if (!a.timed || !b.timed || !a.ticket || !b.ticket)
                return invalidHandle;
            if (!a.ticket->reached || !b.ticket->reached)
                return notReady;
            *milliseconds = float((b.ticket->seconds - a.ticket->seconds) * 1000);
            return success;
        });
    });
}

// ---- graphs ----

EXPORT cuStreamBeginCapture_v2(void* stream, int mode) {
    return onStream(stream, [&](Stream& s) { return beginCapture(s, mode); });
}

EXPORT cuStreamEndCapture(void* stream, void** graph) {
    return onStream(stream, [&](Stream& s) {
        Graph* captured;
        int code = endCapture(s, captured);
        *graph = captured ? track(captured) : nullptr;
        return code;
    });
}

EXPORT cuStreamIsCapturing(void* stream, int* status) {
    return onStream(stream, [&](Stream& s) {
        *status = !s.capture ? 0 : s.capture->invalid ? 2 : 1;
        return success;
    });
}

namespace {

/// An instantiated graph: the nodes belong to it and to its launches that still wait.
struct GraphExec {
    std::shared_ptr<const Graph> graph;
};

} // namespace

EXPORT cuGraphInstantiateWithFlags(void** exec, void* graph, unsigned long long) {
    return inContext([&](Context&) {
        if (!isLive(graph))
            return invalidValue;
        *exec = track(new GraphExec{std::make_shared<Graph>(*static_cast<Graph*>(graph))});
        return success;
    });
}

EXPORT cuGraphUpload(void* exec, void* stream) {
    return onStream(stream, [&](Stream&) { return isLive(exec) ? success : invalidValue; });
}

EXPORT cuGraphLaunch(void* exec, void* stream) {
    return onStream(stream, [&](Stream& s) -> int {
        if (!isLive(exec))
            return invalidValue;
        auto graph = static_cast<GraphExec*>(exec)->graph;
        return submit(s, "graph", [graph] { return runGraph(*graph); });
    });
}

EXPORT cuGraphGetNodes(void* graph, void** nodes, size_t* count) {
    return call([&] {
        if (!isLive(graph) || nodes) // only their number is known
            return invalidValue;
        *count = static_cast<Graph*>(graph)->nodes.size();
        return success;
    });
}

EXPORT cuGraphExecDestroy(void* exec) {
    return call([&] { return destroy(static_cast<GraphExec*>(exec)); });
}

EXPORT cuGraphDestroy(void* graph) {
    return call([&] { return destroy(static_cast<Graph*>(graph)); });
}
