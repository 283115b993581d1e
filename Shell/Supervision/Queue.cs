using SynthSae.Compute.Files;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Runs;
using SynthSae.Store;

namespace SynthSae.Supervision;

/// <summary>The runs that wait for a slot: a ticket each, written whole.</summary>
/// <param name="state">Where they lie.</param>
internal sealed class Queue(StateFolder state)
{
    // A supervisor, a list or another command has a folder only for a moment.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Let a run wait for a slot. While this goes on nobody begins it, so that its status is told
    /// truthfully; after a kill in between it waits, or is what it was.
    /// </summary>
    /// <param name="folder">The run.</param>
    /// <param name="device">Where it is to be computed.</param>
    /// <param name="priority">Higher ones come first.</param>
    /// <param name="threads">Threads to compute with; null for the slot's share.</param>
    /// <param name="anew">Begin from the first step where there is no checkpoint, although the run
    ///   has begun before.</param>
    /// <exception cref="Compute.BadInput">A process works on the run, or it has
    ///   finished.</exception>
    public void Enqueue(
        RunFolder folder,
        DeviceWish device,
        int priority = 0,
        int? threads = null,
        bool anew = false)
    {
        using var held = FolderLock.TryTake(folder.Path, Patience)
            ?? throw Failure.BadInput(folder.Path, "a process works on the run");
        if (folder.IsFinished)
        {
            throw Failure.BadInput(folder.Path, "has finished");
        }

        var place = Environment.CurrentDirectory;
        var order = DateTime.UtcNow.Ticks;
        Put(new Ticket(folder.Path, device, priority, order, place, threads, anew));
        RunWord.Say(
            folder,
            RunStatus.Queued,
            said => said with { Device = device.ToString() },
            ("device", device.ToString()),
            ("priority", priority));
    }

    /// <summary>
    /// Take a run out of the queue, with a status that says why; false if it does not wait, or has
    /// been begun meanwhile.
    /// </summary>
    public bool Dequeue(RunFolder folder, RunStatus status)
    {
        if (!Holds(folder.Path))
        {
            return false;
        }

        using var held = FolderLock.TryTake(folder.Path, TimeSpan.Zero);
        if (held is null || !Holds(folder.Path)
            || StatusFile.Read(folder)?.Status == RunStatus.Running)
        {
            return false;
        }

        RunWord.Say(folder, status, said => said);
        Remove(folder.Path);
        return true;
    }

    /// <summary>Change the priority of a run; false if it does not wait.</summary>
    public bool TrySetPriority(RunFolder folder, int priority)
    {
        // The worker that begins the run has its folder when it takes the ticket away.
        using var held = FolderLock.TryTake(folder.Path, Patience);
        if (held is null || Find(folder.Path) is not { } ticket)
        {
            return false;
        }

        Put(ticket with { Priority = priority });
        return true;
    }

    /// <summary>Put a run into the queue, or change its place.</summary>
    private void Put(Ticket ticket)
    {
        Files.CreateFolder(state.Queue);
        Files.WriteText(FileOf(ticket.Run), Json.Pretty(ticket.ToJson()));
    }

    /// <summary>The ticket of a run; null if it does not wait, or the ticket is damaged.</summary>
    public Ticket? Find(string run) => Read(FileOf(run));

    /// <summary>Whether a run waits.</summary>
    public bool Holds(string run) => File.Exists(FileOf(run));

    /// <summary>Take a run out of the queue, if it is there.</summary>
    public void Remove(string run)
    {
        if (Holds(run))
        {
            Files.Delete(FileOf(run));
        }
    }

    /// <summary>
    /// All tickets in their order, and the files that are no tickets, or damaged ones.
    /// </summary>
    public (IReadOnlyList<Ticket> Tickets, IReadOnlyList<string> Damaged) List()
    {
        var tickets = new List<Ticket>();
        var damaged = new List<string>();
        foreach (var file in Listed())
        {
            if (Read(file) is { } ticket && Ticket.FileName(ticket.Run) == Path.GetFileName(file))
            {
                tickets.Add(ticket);
            }
            else if (File.Exists(file))
            {
                damaged.Add(file);
            }
        }

        return (Schedule.Order(tickets), damaged);
    }

    /// <summary>
    /// Put a file of the queue where it is out of the way but not lost; where it went.
    /// </summary>
    public string SetAside(string file)
    {
        Files.CreateFolder(state.Aside);
        var to = Path.Combine(state.Aside, Path.GetFileName(file));
        File.Move(file, to, overwrite: true);
        return to;
    }

    /// <summary>Where a run's ticket lies, if it has one.</summary>
    public string FileOf(string run) => Path.Combine(state.Queue, Ticket.FileName(run));

    // The files that are being written begin with a dot.
    private IEnumerable<string> Listed() =>
        Directory.Exists(state.Queue)
            ? Directory.GetFiles(state.Queue, "*.json")
                .Where(file => !Path.GetFileName(file).StartsWith('.'))
            : [];

    private static Ticket? Read(string file)
    {
        try
        {
            return Ticket.Parse(File.ReadAllText(file));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
