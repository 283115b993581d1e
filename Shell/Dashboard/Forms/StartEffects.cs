using SynthSae.Core;
using SynthSae.Dashboard.Runtime;
using SynthSae.Settings;
using SynthSae.Supervision;

namespace SynthSae.Dashboard
{
    internal abstract partial record Effect
    {
        /// <summary>Start a run in the background.</summary>
        /// <param name="Preset">What it begins from.</param>
        /// <param name="Changes">Fields of its specification.</param>
        /// <param name="Device">Where it is to be computed.</param>
        public sealed record Start(
            string Preset, IReadOnlyList<(string Path, string Value)> Changes, string Device) : Effect;
    }

    internal abstract partial record Msg
    {
        /// <summary>A run was queued.</summary>
        public sealed record RunStarted(string Run) : Msg;
    }
}

namespace SynthSae.Dashboard.Forms
{
    /// <summary>Starts runs, as <c>synthsae start</c> does.</summary>
    internal sealed class StartEffects(AppSettings settings) : IEffectHandler
    {
        public IEnumerable<Msg>? Handle(Effect effect)
        {
            if (effect is not Effect.Start { Preset: var preset, Changes: var changes, Device: var device })
            {
                return null;
            }

            var wish = DeviceWish.Parse(device)
                ?? throw Failure.BadInput("device", $"must be {DeviceWish.Forms} (got {device})");
            if (!wish.Cpu && !MachineSlots.Gpus().Any(wish.Fits))
            {
                throw Failure.BadInput("device", "there is no such GPU; synthsae doctor says why");
            }

            var plan = RunSpecs.Load(preset, changes);
            var state = StateFolder.OfUser();
            int? threads = settings.IsDefault(SettingNames.Threads) ? null : settings.Threads;
            var folder = RunPreparation.Prepare(plan, settings, wish);
            new Queue(state).Enqueue(folder, wish, threads: threads);
            Supervisors.Ensure(state, settings);
            return [new Msg.RunStarted(Path.GetFileName(folder.Path))];
        }
    }
}
