using SynthSae.Runs;

namespace SynthSae.Supervision;

/// <summary>What a worker is to do.</summary>
/// <param name="Folder">The run.</param>
/// <param name="Slot">The slot to hold meanwhile; null for none.</param>
/// <param name="NeedsTicket">Only if the run still waits in the queue.</param>
/// <param name="Device">Where to compute; null for where the run wants to.</param>
/// <param name="Threads">Null for what the run says.</param>
/// <param name="Anew">Begin from the first step where there is no checkpoint, although the run has
///   begun before.</param>
/// <param name="ForceMemory">Begin also where memory does not seem to suffice.</param>
internal sealed record WorkOrder(
    RunFolder Folder,
    Slot? Slot = null,
    bool NeedsTicket = false,
    string? Device = null,
    int? Threads = null,
    bool Anew = false,
    bool ForceMemory = false);
