namespace SynthSae.Supervision;

/// <summary>Decides which runs begin where.</summary>
internal static class Schedule
{
    /// <summary>
    /// The order of the queue: by falling priority, then by the time of queuing.
    /// </summary>
    public static IReadOnlyList<Ticket> Order(IEnumerable<Ticket> queue) =>
    [
        .. queue
            .OrderByDescending(ticket => ticket.Priority)
            .ThenBy(ticket => ticket.Order)
            .ThenBy(ticket => ticket.Run, StringComparer.Ordinal),
    ];

    /// <summary>
    /// What begins on the free slots: each run in its turn takes a slot that fits, if there is one.
    /// No slot is left free that a waiting run could use, and a run waits only for runs that come
    /// before it. A run that any GPU suits leaves alone, if it can, those that others ask for by
    /// number; one that anything suits takes a GPU.
    /// </summary>
    public static IReadOnlyList<(Ticket Ticket, Slot Slot)> Decide(
        IEnumerable<Ticket> queue, IEnumerable<Slot> free)
    {
        var tickets = Order(queue);
        var named = tickets.Select(ticket => ticket.Device.Number).ToHashSet();
        var left = free.Distinct()
            .OrderByDescending(slot => slot.IsGpu)
            .ThenBy(slot => slot.IsGpu && named.Contains(slot.Number))
            .ThenBy(slot => slot.Number)
            .ToList();
        var decided = new List<(Ticket, Slot)>();
        foreach (var ticket in tickets)
        {
            if (left.FindIndex(ticket.Device.Fits) is >= 0 and var index)
            {
                decided.Add((ticket, left[index]));
                left.RemoveAt(index);
            }
        }

        return decided;
    }
}
