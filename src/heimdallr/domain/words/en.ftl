### What Heimdallr says, in English. The same messages stand in pt.ftl.
### Parameters: $structure, $region, $edges … arrive as names in this language; numbers are formatted here.

## Why a measurement has no value

task_not_run = task { $task } was not run: { $reason }
not_requested = not requested
weights_not_installed = the weights of { $task } are not installed
body_needs_attenuation = the body is told from what lies around it by attenuation, which MR does not have
package_not_installed = the package { $package } is not installed
lesion_not_segmented = no { $structure } segmented; this does not exclude it
no_tissue_weights = no weights for any tissue route are installed
licence_needed = needs a TotalSegmentator licence number
no_brain_in_view = no brain in view ({ NUMBER($seen_cm3, maximumFractionDigits: 0) } of at least { $needed_cm3 } cm³)
region_not_covered = the { $region } { $region ->
    [extremities] are
   *[other] is
} not covered by this volume
region_not_measured = part of the series was not measured; the { $region } may lie there
not_in_measured_part = no { $structure } segmented, but part of the { $region } was not measured
not_segmented = no { $structure } segmented in this volume
not_segmented_on_slice = no { $structure } segmented on this slice
fragment = only { NUMBER($volume_cm3, maximumFractionDigits: 2) } cm³ of { $structure } segmented: a fragment, not the structure
poorly_segmented = the bundled weights do not segment the { $structure } well enough to measure
left_out_by_bundled_weights = the bundled weights do not segment the { $structure }
unsure = the bundled networks are unsure of the { $structure } (confidence { NUMBER($confidence, minimumFractionDigits: 2, maximumFractionDigits: 2) })
mislabelled = what is labelled { $structure } measures { NUMBER($median_hu, maximumFractionDigits: 0) } HU: mislabelled
outside_body = { NUMBER($percent, maximumFractionDigits: 0) } % of what is labelled { $structure } lies outside the body: mislabelled
lies_too_high = what is labelled { $structure } lies too high, seen from { $structures }: mislabelled
lies_too_low = what is labelled { $structure } lies too low, seen from { $structures }: mislabelled
apart_from = what is labelled { $structure } does not reach { $structures }: mislabelled
in_pieces = what is labelled { $structure } lies in { $count } pieces: mislabelled
sprawling = what is labelled { $structure } is far larger than the other one and has not its shape: mislabelled
larger_than_other = the { $structure } is { NUMBER($times, maximumFractionDigits: 1) } times as large as the other: dilated, with a mass, or a mistake
hollow_body = what was scanned is hollow: a test object
other_sex = what is labelled { $structure } cannot be one: the patient is { $sex ->
    [M] a man
   *[F] a woman
}: mislabelled
side_unknown = the image does not say which side is left and which is right
truncated = truncated at { $edges } { $count ->
    [one] edge
   *[other] edges
} ({ NUMBER($percent, maximumFractionDigits: 0) } % of its largest section)
level_truncated = { $level } is truncated at { $edges } { $count ->
    [one] edge
   *[other] edges
}
muscle_cut_by_field_of_view = muscle cut by the field of view at the { $edges }
cut_by_field_of_view = cut by the field of view at the { $edges }
analysis_broke = { $analysis } broke: { $error }

region_without_structures = task { $task } has no structure of the { $region }
no_patient = nothing here was recognised as a patient's anatomy: a test object, or a part of the body that the networks do not know
no_region_covered = no region has enough of its anchor structures in this volume
phase_is_for_ct = contrast phase is defined for CT only
virtual_image_shows_no_phase = a virtual image does not show the contrast phase
phase_regressors_disagree = the regressors disagree about the time after injection (standard deviation { NUMBER($spread_s, maximumFractionDigits: 1) } s, at most { $limit_s } s)
phase_contradicted = { $phase } is impossible with { NUMBER($median_hu, maximumFractionDigits: 0) } HU in the { $structure }
phase_contradicted_by_veins = { $phase } is impossible with { NUMBER($artery_hu, maximumFractionDigits: 0) } and { NUMBER($vein_hu, maximumFractionDigits: 0) } HU in { $structures }
too_few_structures_for_phase = { $seen } of the { $known } structures the phase is read off are in view, at least { $needed } with a vessel, the heart or the liver are needed
mr_has_no_hounsfield_units = MR intensities are not Hounsfield units
little_left_after_erosion = only { NUMBER($volume_cm3, maximumFractionDigits: 2) } cm³ left after eroding by { $erosion_mm } mm
tissue_needs_attenuation = tissues are told apart by attenuation, which MR does not have
only_head_and_neck_in_view = nothing but head and neck is in view
muscle_needs_attenuation = muscle is told from fat by attenuation, which MR does not have
little_muscle_at_level = only { NUMBER($area_cm2, maximumFractionDigits: 1) } cm² of muscle segmented at { $level }
height_unknown = the patient's height is not known

few_whole_vertebrae = only { $count } whole { $count ->
    [one] vertebra
   *[other] vertebrae
} in view: labelling cannot be verified
vertebrae_out_of_order = vertebral labelling inconsistent: { $lower } lies above { $upper }
vertebrae_unevenly_spaced = vertebral labelling inconsistent: { $upper }-{ $lower } spacing is { NUMBER($ratio, minimumFractionDigits: 2, maximumFractionDigits: 2) } of its neighbours'
vertebra_of_odd_volume = vertebral labelling inconsistent: { $level } has { NUMBER($volume_cm3, maximumFractionDigits: 0) } cm³, its neighbours about { NUMBER($usual_cm3, maximumFractionDigits: 0) }
no_level_anchor = neither sacrum nor last or first ribs are in view to tell which vertebra is which
level_contradicts_anchor = vertebral levels are uncertain: { $anchor ->
    [sacrum] the vertebra above the sacrum
    [last_rib] the last vertebra with ribs
   *[first_rib] the first vertebra with ribs
} is labelled { $level } and not { $expected }
transitional_vertebra = transitional vertebra suspected: { $count } vertebrae between the last ribs and the sacrum, so the lumbar levels are uncertain
levels_need_ct = levels are checked on CT only
vertebra_in_two_places = vertebral labelling inconsistent: { $level } is labelled in two places

task_reads_ct_only = the task { $task } reads CT only
no_bleed_segmented = no intracerebral haemorrhage segmented; this does not exclude bleeding
no_bleed_within_brain = no intracerebral haemorrhage segmented ({ $dropped_voxels } voxels outside the brain dropped); this does not exclude bleeding
no_bleed_in_measured_part = part of the head was not measured; no intracerebral haemorrhage segmented in the rest, which does not exclude bleeding
part_of_head_not_measured = part of the head was not measured; there may be more
bleed_truncated = bleed truncated at { $edges } { $count ->
    [one] edge
   *[other] edges
} ({ NUMBER($percent, maximumFractionDigits: 0) } % of its largest section)
no_ventricle_segmented = no ventricle segmented in this volume

## Why a series was measured, passed over or refused

series_number = series { $number }
series_without_number = series without number
series_stack = { $series } (stack { $part } of { $parts })

series_cut_short = its files were cut short
series_own_object = an object Heimdallr wrote itself
series_of_other_modality = modality { $modality } is not CT or MR
series_without_modality = modality unknown, not CT or MR
series_is_secondary_capture = secondary capture (a screen, not an image)
series_of_other_sop_class = its SOP class is not an image of that modality
series_in_colour = colour images
series_is_projection = projection (MIP or rendering)
series_is_report = dose report or page
series_is_localizer = localizer
series_is_ct_map = a derived map, a subtraction or bolus monitoring
series_of_other_quantity = a derived map: { $spectral ->
    [iodine] iodine
    [effective_atomic_number] effective atomic number
    [electron_density] electron density
    [perfused_blood_volume] perfused blood volume
    [material] one material
   *[other] another quantity
}, not attenuation
series_without_position = no image position or orientation
series_without_pixel_spacing = no pixel spacing
series_of_samples = slices { NUMBER($spacing_mm, maximumFractionDigits: 1) } mm apart are samples, not a volume
series_matrix_too_small = matrix { $rows } × { $columns } is too small for an image
series_repeats_places = { $images } images at { $places } { $places ->
    [one] place
   *[other] places
} are no single volume
series_not_told_apart = { $images } images at { $places } places are no single volume, and nothing in their headers tells them apart
series_of_few_slices = { $slices } { $slices ->
    [one] slice
   *[other] slices
}, fewer than the { $needed } of a volume
series_not_axial = { $plane } reformat, not axial
series_oblique = oblique reformat, { NUMBER($angle_deg, maximumFractionDigits: 0) }° from axial
series_not_converted = conversion failed: { $error }

series_is_anatomical = anatomical series
series_is_time_point = one time point of a dynamic series
series_is_fat_alone = image of fat alone
series_of_resolution = { NUMBER($pixel_mm, maximumFractionDigits: 1) } mm pixels, slices { NUMBER($spacing_mm, maximumFractionDigits: 1) } mm apart
series_of_ordinary_contrast = ordinary contrast
series_in_phase = in-phase image
series_of_water = water image
series_opposed_phase = opposed-phase image
series_of_fat = fat image
series_of_fraction = fraction in percent
series_is_mr_map = diffusion, subtraction or a map, not anatomy

series_of_nifti = the only image handed in (NIfTI: kernel, phase and patient are unknown)
series_after_ct = the study holds a usable CT, which is preferred
series_passed_over = passed over for { $series }: { $this } against { $best }
series_equal = passed over for { $series }: equal in everything but its number or UID
series_in_hounsfield_units = Hounsfield units
series_is_virtual = Hounsfield units of a virtual image
series_of_unknown_scale = values of an unknown scale
series_as_scanned = as scanned
series_computed = computed from several energies
series_monoenergetic = virtual monoenergetic image of { $energy_kev } keV
series_covers = covers { NUMBER($coverage_mm, maximumFractionDigits: 0) } mm
series_extends = covers { NUMBER($extent_mm, maximumFractionDigits: 0) } mm head to foot
series_of_phase = contrast phase { $phase } by its tags
series_of_kernel = { $kernel_class } kernel ({ $source })
series_of_thickness = { NUMBER($thickness_mm, maximumFractionDigits: 2) } mm slices
series_of_unknown_thickness = unknown slice thickness
series_of_slices = { $slices } { $slices ->
    [one] slice
   *[other] slices
}

kernel_by_numbers = { $kernel }, { $maker } numbers
kernel_by_ge_names = { $kernel }, GE names
kernel_by_philips_letters = { $kernel }, Philips letters
kernel_by_its_words = the words of { $kernel }
kernel_by_description = description
kernel_by_both = { $source }, description
kernel_unnamed = no source names it

## What of the chosen series was not measured

series_share_uid = { $series } series carry one SeriesInstanceUID; they were told apart by { $attributes }
series_put_together = the { $images } images carry { $uids } SeriesInstanceUIDs; they were put together by what else a series shares
source_uids_missing = the images that were measured lack UIDs of study, series or image ({ $images } images): objects refer to them by UIDs made here, under which no PACS has them
files_unread = { $files } { $files ->
    [one] file of the input is
   *[other] files of the input are
} damaged or empty; what { $files ->
    [one] it shows
   *[other] they show
} was not measured
images_cut_short = { $images } { $images ->
    [one] image of the series was not measured: its file was
   *[other] images of the series were not measured: their files were
} cut short
numbered_late = the images of the series are numbered from { $first } on: { $images } before them may not have arrived
numbers_left_out = { $images ->
    [one] one number is missing in the numbering of the images: that image
   *[other] { $images } numbers are missing in the numbering of the images: those images
} may not have arrived
slices_missing = no image shows { NUMBER($length_mm, maximumFractionDigits: 0) } mm between the measured slices ({ $images } slices in { $gaps } { $gaps ->
    [one] gap
   *[other] gaps
}): nothing there was measured
slices_interpolated = { $images } single { $images ->
    [one] slice is
   *[other] slices are
} missing; what lies there was interpolated between the neighbours
images_beyond = { $images } { $images ->
    [one] image
   *[other] images
} of the series beyond the { $edge } end of what was measured ({ NUMBER($length_mm, maximumFractionDigits: 0) } mm) { $images ->
    [one] was
   *[other] were
} not measured
images_beyond_gap = { $images } { $images ->
    [one] image
   *[other] images
} of the series ({ NUMBER($length_mm, maximumFractionDigits: 0) } mm) { $images ->
    [one] was
   *[other] were
} not measured: at the { $edge } end of what was measured, { NUMBER($gap_mm, maximumFractionDigits: 0) } mm ({ $missing } { $missing ->
    [one] slice
   *[other] slices
}) are missing
images_doubled = { $images } { $images ->
    [one] image lies
   *[other] images lie
} where another image of the series lies; one at each place was measured
images_copied = { $images } { $images ->
    [one] image is
   *[other] images are
} in the series twice; one of each was measured
one_pass = the series shows the body { $passes } times, told apart by { $attribute }; pass { $number } was measured, { $images } { $images ->
    [one] image
   *[other] images
} of the others were not
one_pass_of_value = the series shows the body { $passes } times, told apart by { $attribute }; pass { $number } ({ $value }) was measured, { $images } { $images ->
    [one] image
   *[other] images
} of the others were not
images_of_other_kind = { $images ->
    [one] { $images } other image of the series was not measured; it differs
   *[other] { $images } other images of the series were not measured; they differ
} in { $attributes }

## Why there is nothing to be seen

volume_removed = the volume was removed by retention; send the study again to see its images
volume_unreadable = the volume cannot be read; reprocess the study
masks_removed = the masks were removed by retention
labels_not_made = these results are older than label maps; reprocess the study to see its structures
labels_unreadable = the label maps cannot be read; reprocess the study

## Titles of findings: finding_ and the finding's code

finding_intracerebral_haemorrhage = Intracerebral haemorrhage, { NUMBER($volume_cm3, minimumFractionDigits: 1, maximumFractionDigits: 1) } cm³
finding_intracerebral_haemorrhage_large = Intracerebral haemorrhage, large (≥ { $limit_cm3 } cm³): { NUMBER($volume_cm3, minimumFractionDigits: 1, maximumFractionDigits: 1) } cm³
finding_low_muscle_mass = Low skeletal muscle mass at L3
finding_low_muscle_attenuation = Low skeletal muscle attenuation at L3
finding_splenomegaly = Enlarged spleen, { NUMBER($volume_cm3, maximumFractionDigits: 0) } cm³
finding_liver_steatosis = Liver attenuation in the range of steatosis, { NUMBER($liver_hu, maximumFractionDigits: 0) } HU
finding_transitional_vertebra = Transitional vertebra suspected: { $count } vertebrae between the last ribs and the sacrum
finding_truncated_coverage = Not wholly in the volume: { $structures }

## What every reader has to be told, and what weakens a finding

bundled_weights = bundled weights — not for clinical use
networks_of_collection = some numbers are by the networks of { $collection } ({ $licence }; { $credit })
several_patients = images of this study name { $count } different patients; those of each are a case of their own
patients_taken_as_one = images of this study name { $count } different patients; somebody said that they are one
shared_uids = { $count ->
    [one] one image carries
   *[other] { $count } images carry
} the UID of another image; all of them were kept
sides_unknown = the image does not say how the patient lies: left and right are unknown
voxels_without_number = { NUMBER($percent, maximumFractionDigits: 2) } % of the voxels hold no number: they count as air
other_unit = the file gives its voxels in { $unit ->
    [meter] metres
   *[micron] microns
}: read as such
measured_on_fat_image = measured on an image of fat alone: the study holds no better series
measured_on_map = measured on a diffusion image, subtraction or map: the study holds no anatomical series
measured_on_localizer = measured on a localizer: the study holds no better series
age_unknown = the patient's age is not known; adult values were applied
picture_not_drawn = { $file } could not be drawn: { $error }

attenuation_unknown = the header does not say how pixel values become Hounsfield units
monoenergetic_image = measured on a virtual monoenergetic image ({ $energy_kev } keV): attenuation depends on that energy
virtual_non_contrast_image = measured on a virtual non-contrast image: the scanner computed its attenuation
virtual_image = measured on a virtual image: the scanner computed its attenuation
lung_kernel = reconstructed with a lung kernel: standard deviations of attenuation are raised, and means near edges are not to be relied on
bone_kernel = reconstructed with a bone kernel: standard deviations of attenuation are raised, and means near edges are not to be relied on
lossy_compression_ratio = the images were compressed with loss ({ $method ->
    [unknown] by an unknown method
   *[other] { $method }
}, { $ratio }:1): standard deviations of attenuation and small structures are not to be relied on
lossy_compression = the images were compressed with loss ({ $method ->
    [unknown] by an unknown method
   *[other] { $method }
}): standard deviations of attenuation and small structures are not to be relied on
perhaps_lossy_compression = the images may have been compressed with loss ({ $method }): the header does not say

## What messages to other systems say of themselves

report_of_measurements = Automatic measurements
no_rule_found_anything = no rule found anything; this excludes nothing
not_for_clinical_use = measured by software that is no medical device: not for clinical use
case_folder_unreadable = the case's results cannot be read
message_without_patient_id = the study has no patient ID: a message about it would be filed under nobody, or under another patient
name_not_in_character_set = the character set of this destination has no letters for the patient's name or the order's numbers; choose UNICODE UTF-8 where the receiver takes it

## What became of what was sent to an archive or another system, and what to do

peer_gave_no_reason = it gave no reason
peer_said = it said “{ $words }”
peer_answers = { $address } answers
peer_name_unknown = the name in { $address } is not known to this machine: check the address of the destination
peer_unreachable = { $address } cannot be reached: no answer; check address, port and firewall
nobody_listens = nobody listens at { $address }: check the port, and whether the system there runs
peer_connection_failed = the connection to { $address } failed ({ $error })
peer_not_trusted = { $address } shows a certificate that is not trusted ({ $error }): give the destination the authority that signed it, or its true name
no_tls = no TLS connection to { $address } ({ $error }): check whether TLS is spoken on that port
certificate_unusable = a certificate, key or file of authorities of this destination cannot be read ({ $error }): check the files
own_file_unreadable = the file that was to be sent cannot be read
own_file_is_no_dicom = the file that was to be sent is no DICOM object

association_not_answered = { $address } broke off, or did not answer, when asked for an association
association_not_answered_tls = { $address } broke off, or did not answer, when asked for an association over TLS: it may want a client certificate it knows
association_broken_off = { $address } broke off before it answered
association_limit = { $address } takes no more associations for now
association_rejected = { $address } rejects associations of { $calling_ae } (source/reason { $status }): ask its administrator
calling_ae_unknown = { $address } does not know the AE title { $calling_ae }: have it entered there, with the address of this machine, then send again
called_ae_unknown = { $address } does not go by that AE title: correct it in the destination, then send again
sop_class_not_accepted = the archive does not accept { $sop_class }: have it allowed there, or leave this object out for this destination
store_not_answered = { $address } did not say within { $seconds } s that the object is stored
stored_with_warning = stored with a warning (status { $status }); { $said }
stored_before = the archive had it already
archive_cannot_store_now = the archive cannot store it now (status { $status }); { $said }
archive_refuses_object = the archive refuses the object (status { $status }); { $said }
stored_but_not_found = the archive said that it stored the object, and does not find it
echo_answered = answers to C-ECHO (status { $status })
echo_not_accepted = does not accept C-ECHO, which says nothing of storing
nothing_accepted = { $address } lets us in and accepts none of our objects
contexts_accepted = accepts everything this destination is sent
contexts_refused = does not accept: { $sop_classes }
commitment_offered = offers storage commitment
commitment_not_offered = the archive does not offer storage commitment: turn it off for this destination, or on there
commitment_refused = the archive does not take the request for storage commitment (status { $status }); { $said }
commitment_not_asked = sent; not confirmed to be kept: { $reason }
commitment_denied = the archive says that it does not keep it (reason { $status })

folder_writable = the folder can be written
folder_absent = the folder { $file } is not there: is the share mounted?
folder_has_another = the folder has another file of the name { $file } already
folder_not_writable = the folder cannot be written ({ $error })

web_not_answered = { $address } did not answer within { $seconds } s
web_sign_in_refused = { $address } refuses our credentials (HTTP { $status }): check user, password or token of the destination, then send again
web_redirected = { $address } sends us elsewhere (HTTP { $status }), where nothing is sent unasked: enter the address it leads to
web_address_wrong = there is nothing at { $address } that takes this (HTTP { $status }): check the address of the destination
web_refused = refused (HTTP { $status }); { $said }
web_failed = the system there is busy or broken (HTTP { $status }); { $said }
webhook_signed = deliveries are signed
webhook_unsigned = deliveries are not signed: give the destination a secret
qido_answered = answers to QIDO-RS
qido_not_understood = what answers there does not speak QIDO-RS: check the address, which often ends in /dicom-web

## What came of messages to a record or an interface engine

own_file_is_no_message = the file that was to be sent is no HL7 message
peer_hung_up = { $address } hung up without an answer
no_fhir_server = what answers there is no FHIR server: check the base address
fhir_several_match = several patients, studies or results there go by one of our identifiers: somebody has to make them one; { $said }
fhir_version = FHIR version { $version }
transaction_taken = takes transactions
transaction_not_taken = takes no transactions, as which results are sent
transaction_not_told = does not say whether it takes transactions
transaction_in_part = the server took a part only: { $count ->
    [one] one entry
   *[other] { $count } entries
} with status { $status }
report_signed_already = the report there is { $status } already: a person has signed or changed it, and it is not replaced
ack_only_by_sending = connected; whether messages are understood shows only when one is sent, and none was
no_hl7_answer = what { $address } answered is no HL7 acknowledgement
answer_to_another_message = the answer was to another message
accepted_with_errors = accepted, and yet with an error; { $said }
accepted_with_warnings = accepted with a remark; { $said }
unknown_answer = answered with a code that is none: { $code }
message_refused = refused ({ $code }); { $said }

## Why something did not go to a destination

delivery_withdrawn = the results were made for another patient than the images name now
delivery_deleted = the study was deleted
delivery_superseded = newer results came before it had gone out
delivery_cancelled = a person called it off
delivery_destination_removed = the destination was removed
delivery_no_maker = this version of Heimdallr cannot make such an object
delivery_not_made = it could not be made of this case: { $error }
delivery_making_failed = it could not be made ({ $error }): this is a fault of Heimdallr's, please report it with its log
delivery_not_written = it could not be written on the disk ({ $error })
delivery_nothing_to_make = there is nothing of this kind in the case
delivery_case_gone = the results are not kept any more; reprocess the study
delivery_case_changed = the results have just been replaced by newer ones
delivery_not_tried = the connection ended before it was its turn
commitment_unanswered = sent, but { $count ->
    [one] one request
   *[other] { $count } requests
} to say that it is kept (storage commitment) had no answer; check that the destination may reach this listener
commitment_failed = the destination does not keep what it had taken (storage commitment, reason { $status }); it is sent again

## Why an archive does not give a study
archive_not_reached = { $ae_title } at { $address } cannot be reached: check address, port and network, and whether it wants TLS
archive_rejects_us = { $ae_title } at { $address } rejects the association ({ $said }): enter our AE title there, and check its own
archive_does_not_do = the archive does not offer { $service } to us: have it enabled for our AE title
archive_cannot_send_to_us = the archive cannot send to { $ae_title }: enter that AE title there with this machine's address and port { $port }, see that the listener runs and lets the archive in, or fetch with C-GET
archive_sent_in_part = { $failed } of { $count } images did not come: look at the archive's log, and at the space on this disk
archive_gone = the archive broke off or fell silent: the images that came are kept
archive_busy = the archive has no resources for it now ({ $status })
archive_refuses = the archive refuses ({ $status }): its log says why
archive_too_many = the archive found more than { $limit } studies: ask for less
archive_answer_unreadable = the archive's answer cannot be read: check that the address is that of its DICOMweb service
archive_wants_another_secret = the archive does not accept the token or password (HTTP { $status })
archive_web_not_reached = the archive cannot be reached ({ $error }): check address, network and certificates
archive_sent_but_not_here = the archive sent { $count } images, { $here } are here: see that the listener runs
archive_patient_id_not_asked = the patient ID holds a wildcard: an archive would answer with other patients
record_has_no_body_size = the record has neither height nor weight of this patient within { $days } days of the study
record_names_several_patients = the record has several patients of this ID: height and weight are not taken from it
