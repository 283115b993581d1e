using System.Globalization;

namespace SynthSae.Slurm;

/// <summary>
/// One task of an array job. Only this pair names it: the last task to start takes the array's own
/// number for its job.
/// </summary>
/// <param name="Array">The number of the array job, or of a job that is no array.</param>
/// <param name="Task">The task's index; null in a job that is no array.</param>
internal readonly record struct SlurmTaskId(long Array, int? Task)
{
    /// <summary>The task that this process is part of; null outside of Slurm.</summary>
    public static SlurmTaskId? OfEnvironment(Func<string, string?> variable) =>
        Number(variable("SLURM_ARRAY_JOB_ID")) is { } array
        && Number(variable("SLURM_ARRAY_TASK_ID")) is { } task
            ? new SlurmTaskId(array, (int)task)
            : Number(variable("SLURM_JOB_ID")) is { } job
                ? new SlurmTaskId(job, null)
                : null;

    /// <summary>Read what <see cref="ToString"/> writes; null if it is something else.</summary>
    public static SlurmTaskId? TryParse(string text) =>
        text.Split('_') switch
        {
            [var job] when Number(job) is { } id => new SlurmTaskId(id, null),
            [var job, var index] when Number(job) is { } id && Number(index) is { } task =>
                new SlurmTaskId(id, (int)task),
            _ => null,
        };

    /// <summary>As Slurm's commands take it: 12 or 12_3.</summary>
    public override string ToString() => Task is { } task ? $"{Array}_{task}" : $"{Array}";

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
