using SynthSae.Compute;
using SynthSae.Compute.Training;
using SynthSae.Runs;

namespace SynthSae.Core;

/// <summary>
/// Turns the trainer's reports into what is shown, which needs the variance of the data.
/// </summary>
internal sealed class StepReports(RunPlan plan)
{
    private const int FirstBatches = 8;
    private const int Between = 100;
    private double _variances;
    private long _batches;

    /// <summary>Seconds that the parts of all steps have taken.</summary>
    public static IReadOnlyDictionary<string, double> Parts(Trainer trainer) =>
        new Dictionary<string, double>
        {
            ["encode"] = trainer.Times.Encode,
            ["select"] = trainer.Times.Select,
            ["decode"] = trainer.Times.Reconstruct,
            ["backward"] = trainer.Times.Backward,
            ["optimiser"] = trainer.Times.Update,
        };

    /// <summary>The state after a step on <paramref name="x"/>.</summary>
    public StepProgress Read(StepReport report, Matrix x)
    {
        // A mean over some batches is steadier than each batch's own, and costs next to nothing.
        if (report.Step < FirstBatches || report.Step % Between == 0)
        {
            _variances += TotalVariance.ofBatch(x);
            _batches++;
        }

        return new StepProgress(
            report.Step + 1,
            plan.Steps,
            report.Samples,
            report.Loss,
            report.Mse,
            report.L0,
            1 - report.Mse / (_variances / _batches),
            report.Dead,
            report.LearningRate);
    }
}
