namespace SynthSae.Supervision;

/// <summary>
/// The queue as the supervisor sees it: read again only when its folder has changed.
/// </summary>
internal sealed class QueueWatch(StateFolder state)
{
    // Changes within the resolution of a folder's time show in it only once.
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);

    private readonly Queue _queue = new(state);
    private DateTime _changed;
    private (IReadOnlyList<Ticket> Tickets, IReadOnlyList<string> Damaged) _read = ([], []);

    /// <summary>The runs that wait, in their order.</summary>
    public IReadOnlyList<Ticket> Tickets()
    {
        Look();
        return _read.Tickets;
    }

    /// <summary>Files that are no tickets.</summary>
    public IReadOnlyList<string> Damaged()
    {
        Look();
        return _read.Damaged;
    }

    /// <summary>Put a file out of the way.</summary>
    public void SetAside(string file) => _queue.SetAside(file);

    /// <summary>Where a ticket lies.</summary>
    public string FileOf(Ticket ticket) => _queue.FileOf(ticket.Run);

    private void Look()
    {
        var changed = Directory.GetLastWriteTimeUtc(state.Queue);
        if (changed != _changed || DateTime.UtcNow - changed < Fresh)
        {
            (_changed, _read) = (changed, _queue.List());
        }
    }
}
