namespace SynthSae;

/// <summary>Something that happened in a run; steps are no entries.</summary>
/// <param name="Time">When (UTC).</param>
/// <param name="Event">The event's name in <c>events.jsonl</c>, e.g. <c>checkpoint</c>.</param>
/// <param name="Text">In words.</param>
public sealed record RunLogEntry(DateTime Time, string Event, string Text);
