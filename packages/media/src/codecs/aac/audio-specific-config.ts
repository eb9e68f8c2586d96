import { BitReader, BitstreamError } from "../bit-reader.ts";

/** What an AudioSpecificConfig tells (ISO/IEC 14496-3, section 1.6.2.1). */
export interface AudioSpecificConfig {
  /** Audio object type as it signals the whole stream: 2 for LC, 5 for HE-AAC, 29 for HE-AAC v2. */
  objectType: number;
  /** Hz of the decoded sound, spectral band replication included. */
  sampleRate: number;
  channels: number;
  /** Samples that a frame decodes to, at `sampleRate`. */
  samplesPerFrame: number;
}

/** Hz by samplingFrequencyIndex (ISO/IEC 14496-3, table 1.18). */
const SAMPLE_RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];
const EXPLICIT_RATE = 15;
/** Channels by channelConfiguration (ISO/IEC 14496-3, table 1.19); 0 stands for a program config element. */
const CHANNELS = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8];

const ESCAPE = 31;
const AAC_LC = 2;
const SBR = 5;
const PS = 29;
/** Object types whose set-up is a GASpecificConfig (ISO/IEC 14496-3, table 1.15), as far as they occur. */
const GENERAL_AUDIO: ReadonlySet<number> = new Set([1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23]);
const LOW_DELAY = 23;
const ENHANCED_LOW_DELAY = 39;
const SBR_SYNC = 0x2b7;
const PS_SYNC = 0x548;

function readObjectType(reader: BitReader): number {
  const type = reader.bits(5);
  return type === ESCAPE ? 32 + reader.bits(6) : type;
}

function readSampleRate(reader: BitReader): number {
  const index = reader.bits(4);
  const rate = index === EXPLICIT_RATE ? reader.bits(24) : SAMPLE_RATES[index];
  if (!rate) throw new BitstreamError(`samplingFrequencyIndex ${index} is reserved`);
  return rate;
}

/** Counts the channels of a program_config_element (ISO/IEC 14496-3, section 4.4.1.1). */
function readProgramChannels(reader: BitReader): number {
  reader.skip(10); // element_instance_tag, object_type, sampling_frequency_index
  const elements = [reader.bits(4), reader.bits(4), reader.bits(4)];
  const lowFrequency = reader.bits(2);
  reader.skip(7); // num_assoc_data_elements, num_valid_cc_elements
  if (reader.flag()) reader.skip(4); // mono_mixdown_element_number
  if (reader.flag()) reader.skip(4); // stereo_mixdown_element_number
  if (reader.flag()) reader.skip(3); // matrix_mixdown_idx, pseudo_surround_enable
  let channels = lowFrequency;
  for (const count of elements) {
    for (let i = 0; i < count; i++) {
      channels += reader.flag() ? 2 : 1; // is_cpe: a pair
      reader.skip(4);
    }
  }
  return channels;
}

/** Samples of a core frame by object type and frameLengthFlag (ISO/IEC 14496-3, section 4.5.2.1). */
function frameLength(objectType: number, short: boolean): number {
  if (objectType === LOW_DELAY || objectType === ENHANCED_LOW_DELAY) return short ? 480 : 512;
  return short ? 960 : 1024;
}

interface Core {
  objectType: number;
  channels: number;
  samplesPerFrame: number;
}

function readCore(reader: BitReader, objectType: number, channelConfiguration: number): Core {
  let channels = CHANNELS[channelConfiguration] ?? 0;
  const short = (GENERAL_AUDIO.has(objectType) || objectType === ENHANCED_LOW_DELAY) && reader.flag();
  if (GENERAL_AUDIO.has(objectType)) {
    if (reader.flag()) reader.skip(14); // coreCoderDelay
    reader.skip(1); // extensionFlag
    if (channelConfiguration === 0) channels = readProgramChannels(reader);
  }
  return { objectType, channels, samplesPerFrame: frameLength(objectType, short) };
}

/** Reads a signal of SBR and PS that old decoders pass over (ISO/IEC 14496-3, section 1.6.6.1). */
function readTrailingExtension(reader: BitReader): { objectType: number; sampleRate: number } | undefined {
  if (reader.bitsLeft < 16 || reader.bits(11) !== SBR_SYNC) return undefined;
  if (readObjectType(reader) !== SBR || !reader.flag()) return undefined;
  const sampleRate = readSampleRate(reader);
  const parametricStereo = reader.bitsLeft >= 12 && reader.bits(11) === PS_SYNC && reader.flag();
  return { objectType: parametricStereo ? PS : SBR, sampleRate };
}

/** Reads an AudioSpecificConfig. Throws a `BitstreamError` where it is damaged or states no channels. */
export function parseAudioSpecificConfig(data: Uint8Array): AudioSpecificConfig {
  const reader = new BitReader(data);
  let objectType = readObjectType(reader);
  const coreRate = readSampleRate(reader);
  const channelConfiguration = reader.bits(4);
  let extension: { objectType: number; sampleRate: number } | undefined;
  if (objectType === SBR || objectType === PS) {
    extension = { objectType, sampleRate: readSampleRate(reader) };
    objectType = readObjectType(reader);
  }
  const core = readCore(reader, objectType, channelConfiguration);
  if (!extension && objectType === AAC_LC && channelConfiguration > 0) extension = readTrailingExtension(reader);
  if (core.channels === 0) throw new BitstreamError("AudioSpecificConfig states no channels");
  const sampleRate = extension?.sampleRate ?? coreRate;
  return {
    objectType: extension?.objectType ?? objectType,
    sampleRate,
    // Parametric stereo makes two channels of one.
    channels: extension?.objectType === PS && core.channels === 1 ? 2 : core.channels,
    samplesPerFrame: Math.round((core.samplesPerFrame * sampleRate) / coreRate),
  };
}
